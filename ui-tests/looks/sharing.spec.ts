/** Screenshots of shared runs. */
import { expect, test } from '@jupyterlab/galata';

import { analyzeAt, line, openNotebook, Panel, TUTORIAL } from '../tests/lab';

const ANSWER = 'Recommendation: You have to try it.';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 180_000 });

test('menu, page, output, picture', async ({
  page,
  tmpPath,
  browser,
  context
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await page.waitForTimeout(400);
  await page.screenshot({ path: 'screenshots/share-menu.png' });
  const saving = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: /HTML/ }).click();
  const file = 'test-results/shared.html';
  await (await saving).saveAs(file);

  for (const [name, colorScheme, width, js] of [
    ['light', 'light', 1100, true],
    ['dark', 'dark', 1100, true],
    ['phone', 'light', 390, true],
    ['phone-dark', 'dark', 390, true],
    ['noscript', 'light', 800, false]
  ] as const) {
    const other = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
      javaScriptEnabled: js,
      offline: true
    });
    const sheet = await other.newPage();
    sheet.on('console', message => console.log(name, message.text()));
    await sheet.goto(`file://${process.cwd()}/${file}`);
    await sheet.waitForTimeout(500);
    await sheet.screenshot({
      path: `screenshots/page-${name}.png`,
      fullPage: true
    });
    if (name === 'light') {
      await sheet.pdf({ path: 'screenshots/page.pdf' });
    }
    await other.close();
  }

  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await page.getByRole('menuitem', { name: /Insert/ }).click();
  await expect(page.locator('.lit-output')).toBeVisible();
  await page.waitForTimeout(800);
  await page.screenshot({ path: 'screenshots/output.png' });
  await page.locator('.lit-output').evaluate(element => {
    element.scrollIntoView({ block: 'start' });
  });
  await page.waitForTimeout(800);
  await page.screenshot({ path: 'screenshots/output-scrolled.png' });
  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await page.getByRole('menuitem', { name: /Image/ }).click();
  await expect(page.getByText('Copied as an image.')).toBeVisible();
  const image = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    const blob = await item.getType('image/png');
    const reader = new FileReader();
    return new Promise<string>(resolve => {
      reader.onload = () => resolve(reader.result as string);
      reader.readAsDataURL(blob);
    });
  });
  require('fs').writeFileSync(
    'screenshots/picture.png',
    Buffer.from(image.split(',')[1], 'base64')
  );
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme: 'JupyterLab Dark'
    });
  });
  await page.waitForTimeout(1500);
  await page.screenshot({ path: 'screenshots/output-dark.png' });
});
