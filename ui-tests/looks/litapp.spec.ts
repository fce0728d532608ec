/** Screenshots of LIT's own app. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { test } from '@jupyterlab/galata';

import { analyzeAt, line, openNotebook, Panel, TUTORIAL } from '../tests/lab';
import { theme } from './window';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 180_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(720, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `screenshots/${name}.png` });
}

test('LIT’s own app', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate('Recommendation: You have to try it.');
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-lit');
  });
  await shoot(page, 'lit-starting');
  await page.waitForTimeout(15_000);
  await shoot(page, 'lit');
  for (const layout of ['top_bottom', 'three_panel']) {
    await page.evaluate(async layout => {
      await window.jupyterapp.commands.execute('lit-lab:open-lit', { layout });
    }, layout);
    await page.waitForTimeout(10_000);
    await shoot(page, `lit-${layout}`);
  }
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'lit-dark');
  await page
    .frames()
    .filter(frame => frame.url().includes('/lit/page'))
    .pop()! // the tab in front
    .evaluate(() => {
      location.href = 'https://elsewhere.example/';
    });
  await shoot(page, 'lit-closed-dark');
  await theme(page, 'JupyterLab Light');
  await page.setViewportSize({ width: 760, height: 700 });
  await shoot(page, 'lit-closed-narrow');
});
