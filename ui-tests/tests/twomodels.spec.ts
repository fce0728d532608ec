/** Two models with one prompt. */
import { expect } from '@playwright/test';

import { test } from './instruct';
import {
  analyzeAt,
  COLD,
  line,
  Panel,
  resetSettings,
  workspaceOf
} from './lab';

const ANSWER = 'Recommendation: You have to try it.';

test('two models on one prompt, side by side', async ({ page, request }) => {
  test.slow();
  await resetSettings(request);
  await page.goto(
    `/lab/workspaces/${workspaceOf('two')}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  const model = panel.region.getByRole('combobox', { name: 'Model' });
  await model.selectOption({ label: 'demo' });
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await model.selectOption({ label: 'twin' });
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.region
    .getByRole('button', { name: 'Compare with the run before' })
    .click();
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison).toContainText('Two models. The same prompt.', {
    timeout: COLD
  });
  await expect(comparison.getByRole('region', { name: /^A:/ })).toContainText(
    'demo ·'
  );
  await expect(comparison.getByRole('region', { name: /^B:/ })).toContainText(
    'twin ·'
  );
  await comparison
    .getByRole('radio', { name: 'Difference of maps', exact: true })
    .click();
  // Both have the same weights, so no segment weighs more on one side.
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2);
  await expect(comparison.locator('[data-rank="1"]').first()).toBeVisible({
    timeout: COLD
  });
});
