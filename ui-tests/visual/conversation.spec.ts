/** The panel with a conversation, in an instruction-tuned model's chat format. */
import { expect } from '@playwright/test';

import { openCells } from '../tests/cells';
import { test } from '../tests/instruct';
import { analyzeAt, COLD, line, Panel, resetSettings } from '../tests/lab';
import { compare, makeRoom } from './pictures';

const MESSAGES = `messages = [
  {"role": "system", "content": "You are brief, and you know what people like."},
  {"role": "user", "content": "Is onion soup sweet? I like sweet things."},
  {"role": "assistant", "content": "No, it is savoury."},
  {"role": "user", "content": "Suggestion: Cheesecake\\nAnalysis:"},
]`;

test('conversation', async ({ page, request }) => {
  test.slow();
  await resetSettings(request);
  await openCells(page, request, 'conversation', [MESSAGES]);
  await makeRoom(page);
  await analyzeAt(page, line(page, 'Is onion soup sweet?'));
  await page.getByRole('dialog').getByRole('option').first().click();
  const panel = new Panel(page);
  await panel.generate(/./);
  await panel.mapped();
  // This server doesn't compute maps by itself.
  await panel.region.getByRole('button', { name: 'Compute effects' }).click();
  await expect(
    panel.region.locator('.lit-ranks[data-effects="true"]')
  ).toBeVisible({ timeout: COLD });
  await compare(page, 'conversation');
});
