/** The pictures of docs/guide.md: its steps, in order. */
import { pathToFileURL } from 'url';
import * as path from 'path';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import {
  analyzeAt,
  asked,
  COLD,
  line,
  openNotebook,
  Panel,
  TUTORIAL
} from '../tests/lab';
import { widen } from './window';

const MISTAKE = 'Recommendation: You have to try it.';
const IMAGES = path.resolve(__dirname, '../../docs/images');

test.use({ viewport: { width: 1360, height: 860 } });
test.describe.configure({ timeout: 180_000 });

async function shoot(page: Page, name: string) {
  await page.mouse.move(680, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `${IMAGES}/guide-${name}.png` });
}

/** Open the tutorial beside a panel of this width, and analyze and run its prompt. */
async function begin(
  page: IJupyterLabPageFixture,
  tmpPath: string
): Promise<Panel> {
  const panel = new Panel(page);
  await page.evaluate(async () => {
    const { commands } = window.jupyterapp;
    await commands.execute('application:toggle-left-area');
    await commands.execute('application:close-all');
  });
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 480);
  await panel.generate(MISTAKE);
  return panel;
}

test('asked, tried without, tested', async ({ page, request, tmpPath }) => {
  await request.delete('/lit-lab/api/runs?starred=1');
  const panel = await begin(page, tmpPath);
  await line(page, 'def analyze_menu_item').evaluate(e =>
    e.scrollIntoView({ block: 'start' })
  );
  await shoot(page, 'ask');

  await panel.explain(MISTAKE);
  await panel.insight('Trust');
  await panel.region.getByRole('button', { name: 'Test this map' }).click();
  await expect(panel.region.locator('.lit-verdict')).toBeVisible({
    timeout: 3 * COLD
  });
  await page.setViewportSize({ width: 1360, height: 1100 });
  await panel.region
    .locator('.lit-insight-body')
    .evaluate(e => e.scrollTo(0, e.scrollHeight));
  await shoot(page, 'faithfulness');
  await page.setViewportSize({ width: 1360, height: 860 });

  await panel.insight('What led to');
  await panel.topSegments
    .getByRole('button', { name: `Try without “${MISTAKE}”` })
    .first()
    .click();
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
    timeout: COLD
  });
  await widen(page, panel, 300);
  await comparison.getByRole('radio', { name: 'Difference of maps' }).click();
  await page.waitForTimeout(1500);
  await shoot(page, 'compare');
});

test('a matrix and a page', async ({ page, browser, tmpPath }) => {
  const panel = await begin(page, tmpPath);
  await panel.explain(MISTAKE);
  const saving = page.waitForEvent('download');
  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await page.getByRole('menuitem', { name: 'Save Run as HTML Page' }).click();
  const file = test.info().outputPath('run.html');
  await (await saving).saveAs(file);
  const sheet = await (
    await browser.newContext({
      offline: true,
      viewport: { width: 1000, height: 860 }
    })
  ).newPage();
  await sheet.goto(pathToFileURL(file).href);
  await shoot(sheet, 'page');
  await panel.region.getByRole('button', { name: 'Matrix' }).click();
  const grid = page.getByRole('grid', { name: /What led to each sentence/ });
  await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
  await grid.getByRole('gridcell').nth(7).click();
  await panel.mapped();
  await shoot(page, 'matrix');
});

test('a principle out of a dataset', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await page.evaluate(async () => {
    const { commands } = window.jupyterapp;
    await commands.execute('application:toggle-left-area');
    await commands.execute('application:close-all');
  });
  await openNotebook(page, tmpPath, TUTORIAL);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await widen(page, panel, 480);
  const datasets = await panel.show('Datasets');
  await datasets
    .getByRole('combobox', { name: 'Filter by source' })
    .selectOption({ label: 'fewshot-constitution (1)' });
  await shoot(page, 'datasets');
  await asked(page, () =>
    datasets
      .getByRole('list', { name: 'Prompts' })
      .getByRole('button')
      .first()
      .click()
  );
  const said = 'Recommendation: Not suitable for you.';
  await panel.answered(said);
  await panel.explain(said);
  await panel.region.locator('.lit-scroll').evaluate(e => e.scrollTo(0, 0));
  await shoot(page, 'principle');
});
