/** Screenshots of comparisons, in the states that users see. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { analyzeAt, line, openNotebook, Panel, TUTORIAL } from '../tests/lab';
import { theme } from './window';

const ANSWER = 'Recommendation: You have to try it.';

test.use({ viewport: { width: 1600, height: 1000 } });
test.describe.configure({ timeout: 240_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(720, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `screenshots/${name}.png` });
}

test('a trial, and comparing', async ({ page, request, tmpPath }) => {
  await request.delete('/lit-lab/api/runs?starred=1');
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  const strongest = panel
    .segments('Prompt')
    .nth(await panel.strongestOfPrompt());
  await strongest.scrollIntoViewIfNeeded();
  await strongest.hover();
  await page.waitForTimeout(500);
  await page.screenshot({ path: 'screenshots/compare-try-hover.png' });
  await panel.region
    .locator('.lit-try-place')
    .getByRole('button', { name: /^Try without/ })
    .click();
  const compare = page.getByRole('region', { name: /^Comparison/ });
  await expect(compare).toBeVisible();
  await page.screenshot({ path: 'screenshots/compare-running.png' });
  await expect(compare.locator('[data-target="true"]')).toHaveCount(2, {
    timeout: 60_000
  });
  await shoot(page, 'compare-text');
  await compare.getByRole('radio', { name: 'Both maps' }).click();
  await shoot(page, 'compare-maps');
  await compare.getByRole('radio', { name: 'Difference of maps' }).click();
  await shoot(page, 'compare-difference');
  await compare.locator('.lit-segment[data-rank="2"]').first().hover();
  await page.waitForTimeout(500);
  await page.screenshot({ path: 'screenshots/compare-difference-hover.png' });
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'compare-difference-dark');
  await compare.getByRole('radio', { name: 'Words' }).click();
  await shoot(page, 'compare-words-dark');
  await compare.getByRole('radio', { name: 'Sentences' }).click();
  await compare.getByRole('combobox', { name: 'Method' }).selectOption('SHAP');
  await shoot(page, 'compare-shap-dark');
  await compare
    .getByRole('combobox', { name: 'Method' })
    .selectOption('grad · input');
  await shoot(page, 'compare-signed-dark');
  await compare
    .getByRole('combobox', { name: 'Method' })
    .selectOption('L2 norm');
  await compare.getByRole('radio', { name: 'Text' }).click();
  await shoot(page, 'compare-text-dark');
  await theme(page, 'JupyterLab Light');
  await page.setViewportSize({ width: 1000, height: 1000 });
  await shoot(page, 'compare-narrow');
  await compare.getByRole('radio', { name: 'Difference of maps' }).click();
  await shoot(page, 'compare-difference-narrow');
});
