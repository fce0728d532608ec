/** A prompt that `+` composes of literals and names: one text with a field, shaded in its literals. */
import { expect, test } from '@playwright/test';

import { openCells } from './cells';
import { analyzeAt, line, overlay, Panel, resetSettings } from './lab';

const CELLS = [
  `prompt = "Taste-likes: onions.\\n"
prompt += "Suggestion: " + dish + ".\\n"
prompt += "Recommendation:"`,
  'dish = "Onion soup"'
];

test('a text in steps is one prompt, with its field filled in', async ({
  page,
  request
}) => {
  test.slow();
  await resetSettings(request);
  await openCells(page, request, 'composed', CELLS);
  // Any of its lines means all of it: the field's value comes from below.
  await analyzeAt(page, line(page, '"Recommendation:"'));
  const panel = new Panel(page);
  await expect(panel.variable('dish')).toHaveValue('Onion soup');
  await expect(panel.region.getByText('composed text')).toBeVisible();
  await panel.generate(/./);
  await expect(panel.segments('Prompt').first()).toContainText('Taste-likes');
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await expect
    .poll(async () =>
      (await overlay(page.locator('.jp-Cell').first()).allTextContents()).join(
        '|'
      )
    )
    .toMatch(/Taste-likes: onions\..*dish.*Recommendation:/);
});
