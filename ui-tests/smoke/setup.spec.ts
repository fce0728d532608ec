/** A JupyterLab without TensorFlow: the panel's button builds the model service's environment, and the model answers. */
import { expect, test } from '@playwright/test';

import { analyzeAt, COLD, line, Panel } from '../tests/lab';

const ANSWER = 'Recommendation: You have to try it.';
/** Installing some gigabytes takes long. */
const LONG = 1_000_000;

test('the first set-up, from the panel', async ({ page }) => {
  await page.goto('/lab/tree/prompt_debugging.ipynb');
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  const offered = panel.region.getByRole('region', {
    name: 'Set up the model service'
  });
  await offered
    .getByRole('button', { name: 'Set up' })
    .click({ timeout: COLD });
  const running = panel.region.getByRole('region', {
    name: 'Setting up the model service'
  });
  await expect(running).toBeVisible();
  await expect(running).toHaveCount(0, { timeout: LONG });
  await expect(panel.alert).toHaveCount(0);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
});
