/** Screenshots of the dataset browser, in the states that users see. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { openNotebook, Panel, TUTORIAL } from '../tests/lab';
import { widen } from './window';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 300_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(720, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `screenshots/${name}.png` });
}

test('datasets', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  const rows = Array.from(
    { length: 3000 },
    (_, i) =>
      `"Question ${i}: why is the sky ${['blue', 'red', 'green'][i % 3]}?","Because of ${i}.",${['science', 'weather'][i % 2]},${i}`
  );
  await page.contents.uploadContent(
    `Question,Answer,topic,n\n${rows.join('\n')}\n"","x",,\na,b,c,d,e\n`,
    'text',
    `${tmpPath}/questions.csv`
  );
  await openNotebook(page, tmpPath, TUTORIAL);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await widen(page, panel, 420);
  const browser = await panel.show('Datasets');
  await expect(browser.getByRole('listitem').first()).toBeVisible();
  await shoot(page, 'datasets-samples');

  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', { path });
  }, `${tmpPath}/questions.csv`);
  await expect(browser.getByText('3,000').first()).toBeVisible();
  await shoot(page, 'datasets-csv');
  const bad = browser.getByText('2 rows can’t be used');
  await bad.click();
  await browser.getByRole('searchbox').fill('green 5');
  await expect(browser.getByRole('status').first()).toContainText('of 3,000');
  await browser
    .getByRole('button', { name: /^Whole text/ })
    .nth(1)
    .click();
  await expect(
    browser.getByText('Target', { exact: true }).last()
  ).toBeVisible();
  await shoot(page, 'datasets-expanded');
  await browser.getByText('Delete', { exact: true }).click();
  await browser.getByText('Save as .jsonl…').click();
  await shoot(page, 'datasets-save');
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme: 'JupyterLab Dark'
    });
  });
  await page.waitForTimeout(1500);
  await browser.getByRole('button', { name: 'Cancel' }).click();
  await browser
    .getByRole('button', { name: /^Whole text/ })
    .nth(1)
    .click();
  await shoot(page, 'datasets-dark');
  await widen(page, panel, 260);
  await shoot(page, 'datasets-narrow-dark');
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', { path });
  }, `${tmpPath}/missing.csv`);
  await expect(browser.getByRole('alert')).toBeVisible();
  await shoot(page, 'datasets-error-narrow-dark');
});
