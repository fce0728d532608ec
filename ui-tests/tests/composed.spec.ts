/** A prompt that `+` composes of literals and names: one text with a field, shaded in its literals. */
import { expect, test } from '@playwright/test';

import {
  analyzeAt,
  COLD,
  line,
  overlay,
  Panel,
  resetSettings,
  workspaceOf
} from './lab';

const SOURCES = [
  `prompt = "Taste-likes: onions.\\n"
prompt += "Suggestion: " + dish + ".\\n"
prompt += "Recommendation:"`,
  'dish = "Onion soup"'
];

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { language_info: { name: 'python' } },
  cells: SOURCES.map((source, i) => ({
    id: `cell-${i}`,
    cell_type: 'code',
    execution_count: null,
    metadata: {},
    outputs: [],
    source
  }))
};

test('a text in steps is one prompt, with its field filled in', async ({
  page,
  request
}) => {
  test.slow();
  await resetSettings(request);
  await request.put('/api/contents/composed.ipynb', {
    data: { type: 'notebook', format: 'json', content: NOTEBOOK }
  });
  await page.goto(
    `/lab/workspaces/${workspaceOf('composed')}/tree/composed.ipynb`
  );
  const last = line(page, '"Recommendation:"');
  await expect(last).toBeVisible({ timeout: COLD });
  // Any of its lines means all of it: the field's value comes from below.
  await analyzeAt(page, last);
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
