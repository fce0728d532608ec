/** The same extension in Notebook 7, which has its own shell. */
import { expect, test } from '@playwright/test';

import { analyzeAt, COLD, line, overlay, Panel, resetSettings } from './lab';

const ANSWER = 'Recommendation: You have to try it.';

test('analyzes a cell in Notebook 7; matrix, comparison and LIT open below', async ({
  page,
  request
}) => {
  test.slow();
  await resetSettings(request);
  const panel = new Panel(page);
  await page.goto('/notebooks/prompt_debugging.ipynb');
  const text = line(page, 'Suggestion: Onion soup');
  // The first page of Notebook 7 that this server sends.
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await expect(overlay(page.locator('.jp-Notebook')).first()).toBeVisible();

  await panel.region.getByRole('button', { name: 'Matrix' }).click();
  const grid = page.getByRole('grid', { name: /^What led to each sentence/ });
  // The panel itself, and not only its tab.
  await expect(grid).toBeInViewport({ ratio: 0.5 });
  await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0, {
    timeout: COLD
  });

  await panel.topSegments
    .getByRole('button', { name: /^Try without/ })
    .first()
    .click();
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
    timeout: COLD
  });
  await expect(
    comparison.locator('[data-target="true"]').first()
  ).toBeInViewport();

  await panel.region
    .getByRole('button', { name: 'LIT, service and log' })
    .click();
  await page.getByRole('menuitem', { name: /^Open in LIT/ }).click();
  const lit = page.frameLocator('iframe[title^="LIT"]').frameLocator('iframe');
  await expect(lit.locator('lit-app')).toBeVisible({ timeout: 2 * COLD });
  // The notebook is still there.
  await expect(page.locator('.jp-Notebook')).toBeVisible();
});
