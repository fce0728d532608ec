/** The same extension in Notebook 7, which has a shell of its own. */
import { expect, test } from '@playwright/test';

import { analyzeAt, line, overlay, Panel } from './lab';

test('analyzes a cell in Notebook 7', async ({ page }) => {
  test.slow();
  const panel = new Panel(page);
  await page.goto('/notebooks/prompt_debugging.ipynb');
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
  await panel.ask('Recommendation: You have to try it.');
  await panel.explain('Recommendation: You have to try it.');
  await expect(overlay(page.locator('.jp-Notebook')).first()).toBeVisible();
});
