/** An instruction-tuned model: switching its chat format, and pasted turns. */
import type { Locator, Page } from '@playwright/test';
import { expect } from '@playwright/test';

import { runPrompt, test } from './instruct';
import { analyzeAt, COLD, line, Panel, workspaceOf } from './lab';

const PROMPT = 'Suggestion: Onion soup\nAnalysis:';
const TURNS =
  '<start_of_turn>user\nIs it sweet?<end_of_turn>\n<start_of_turn>model\nNo.<end_of_turn>\n' +
  '<start_of_turn>user\nAnd garlic bread?<end_of_turn>';

/** Begin with a prompt typed into the panel. */
async function begin(page: Page, workspace: string): Promise<Panel> {
  await page.goto(
    `/lab/workspaces/${workspaceOf(workspace)}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  return new Panel(page);
}

/** The parts that the chat format added. */
function added(panel: Panel, role: string): Locator {
  return panel.region.getByRole('button', {
    name: new RegExp(`^${role}, added`)
  });
}

test('the format of an instruction-tuned model: named, folded, switched off', async ({
  page
}) => {
  test.slow();
  const panel = await begin(page, 'chat');
  await runPrompt(panel, PROMPT);
  await expect(panel.region.locator('.lit-facts')).toContainText('chat format');
  await panel.clearTarget();
  const user = added(panel, 'User');
  await expect(user).toHaveAttribute('aria-expanded', 'false');
  await expect(added(panel, 'Model')).toBeVisible();
  // The text contains only the prompt.
  await expect(panel.segments('Prompt')).toHaveText([
    'Suggestion: Onion soup',
    'Analysis:'
  ]);

  await user.focus();
  await page.keyboard.press('Enter');
  await expect(user).toHaveAttribute('aria-expanded', 'true');
  await expect(user).toHaveAccessibleName(/added: <bos><start_of_turn>user/);
  await expect(panel.target, 'a marker is no target').toHaveCount(0);
  await user.click();
  await expect(user).toHaveAttribute('aria-expanded', 'false');

  await panel.segments('Answer').last().click();
  await panel.mapped();
  await expect(panel.region.getByText(/^template \d.*% apart$/)).toBeVisible();

  // The user's text begins the model's turn, so no blank is added before it.
  await panel.region
    .getByRole('button', { name: 'What would make it say …?' })
    .click();
  await panel.region
    .getByRole('textbox', { name: 'Text to explain' })
    .fill('Avoid.');
  await expect(
    panel.region.getByRole('checkbox', { name: 'with a space before it' })
  ).toHaveCount(0);
  await panel.region
    .getByRole('button', { name: 'Explain this text', exact: true })
    .click();
  await expect(panel.region.locator('.lit-facts')).toContainText(
    /forced answer · chat format .*log p/,
    { timeout: COLD }
  );
  await expect(added(panel, 'Model')).toBeVisible();

  await panel.insight('Options');
  const choice = panel.region.getByRole('combobox', { name: 'Chat format' });
  await expect(choice).toHaveValue('auto');
  await expect(
    panel.region.getByText('menu is instruction-tuned', { exact: false })
  ).toBeVisible();
  await choice.selectOption('off');
  await panel.insight('What led to');
  await panel.ask();
  await expect(user).toHaveCount(0, { timeout: COLD });
  await expect(panel.region.locator('.lit-facts')).not.toContainText(
    'chat format'
  );

  // The history shows which format it was, and so does a reopened run.
  await page.evaluate(() => window.location.reload());
  await expect(panel.run).toBeVisible({ timeout: COLD });
  const runs = await panel.show('History');
  const entries = runs.getByRole('listitem');
  await expect(entries).toHaveCount(3, { timeout: COLD });
  await entries.last().getByRole('button').first().click();
  await expect(user).toBeVisible({ timeout: COLD });
  await expect(panel.region.locator('.lit-facts')).toContainText('chat format');
});

test('turns that are pasted stay as they are, and say who speaks @long', async ({
  page
}) => {
  test.slow();
  const panel = await begin(page, 'turns');
  await panel.insight('Options');
  await panel.region
    .getByRole('combobox', { name: 'Chat format' })
    .selectOption('auto');
  await panel.insight('What led to');
  await runPrompt(panel, TURNS);
  await expect(
    panel.region.getByText('The prompt contains turns', { exact: false })
  ).toContainText('the model’s turn was opened');
  const turns = panel.region
    .getByRole('group', { name: 'Prompt', exact: true })
    .locator('[data-turn]');
  await expect(turns).toHaveCount(4);
  for (const [i, role] of ['User', 'Model', 'User', 'End of turn'].entries()) {
    await expect(turns.nth(i)).toHaveAccessibleName(role);
  }
  await expect(added(panel, 'Model')).toBeVisible();
  await expect(added(panel, 'User')).toHaveCount(0);

  await panel.clearTarget();
  // With the keyboard: go to the text and to the second heading, and unfold it.
  await turns.first().focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(turns.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(turns.nth(1)).toHaveAttribute('aria-expanded', 'true');
  await expect(panel.target).toHaveCount(0);
  await page.keyboard.press('Enter');

  // The written text has a share, too.
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await turns.nth(1).hover();
  await expect(panel.region.getByRole('tooltip')).toContainText('of salience');

  // Another model, without a sign that it is instruction-tuned.
  await panel.region
    .getByRole('combobox', { name: 'Model' })
    .selectOption({ label: 'demo' });
  await panel.ask();
  await expect(
    panel.region.getByText('nothing says that demo is instruction-tuned', {
      exact: false
    })
  ).toBeVisible({ timeout: COLD });
  await expect(added(panel, 'Model')).toHaveCount(0);
  await expect(turns).toHaveCount(4);
});
