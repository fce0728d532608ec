/** The oldest JupyterLab and Notebook that are supported: a cell analyzed, run, and a sentence clicked. */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

import { analyzeAt, line, overlay, Panel } from '../tests/lab';

async function walk(page: Page): Promise<void> {
  const panel = new Panel(page);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
  await panel.generate('Recommendation: You have to try it.');
  await panel.explain('Recommendation: You have to try it.');
  await expect(overlay(page.locator('.jp-Notebook')).first()).toBeVisible();
}

test('the oldest JupyterLab', async ({ page }) => {
  await page.goto('/lab/tree/prompt_debugging.ipynb');
  await walk(page);
});

test('the oldest Notebook 7', async ({ page }) => {
  await page.goto('/notebooks/prompt_debugging.ipynb');
  await walk(page);
});
