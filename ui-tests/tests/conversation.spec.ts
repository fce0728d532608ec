/** A conversation from a cell's list of messages: picked, run in the model's chat format, shaded, edited and continued; also other
 * prompts that a program composes. */
import { expect } from '@playwright/test';

import { test } from './instruct';
import { openCells } from './cells';
import { analyzeAt, line, overlay, Panel, resetSettings } from './lab';

const MESSAGES = `messages = [
  {"role": "system", "content": "You are brief."},
  {"role": "user", "content": "Is onion soup sweet?"},
  {"role": "assistant", "content": "No."},
  {"role": "user", "content": f"And {dish}?"},
]`;

const TEMPLATE = `from langchain_core.prompts import PromptTemplate
template = PromptTemplate.from_template("Is {dish} {{really}} {taste}?")
chain = template | llm`;

const CALL = 'chain.invoke({"dish": "onion soup", "taste": "sweet"})';

/** A text that a program composes in steps. */
const STEPS = `prompt = "Taste-likes: onions.\\n"
prompt += "Suggestion: " + course + ".\\n"
prompt += "Recommendation:"`;

const CELLS = [
  MESSAGES,
  'dish = "garlic bread"',
  TEMPLATE,
  CALL,
  STEPS,
  'course = "Onion soup"'
];

test('a list of messages is one prompt, turn by turn', async ({
  page,
  request
}) => {
  test.slow();
  await resetSettings(request);
  await openCells(page, request, 'conversation', CELLS);
  await analyzeAt(page, line(page, 'Is onion soup sweet?'));

  // The conversation is offered first, then its texts.
  const options = page.getByRole('dialog').getByRole('option');
  await expect(options.first()).toContainText('conversation');
  await expect(options.first()).toContainText('4 turns');
  await options.first().click();

  const panel = new Panel(page);
  const turn = (number: number) =>
    panel.region.getByRole('textbox', { name: `Text of turn ${number}` });
  await expect(turn(1)).toHaveValue('You are brief.');
  await expect(turn(4)).toHaveValue('And garlic bread?');
  await expect(
    panel.region.getByRole('combobox', { name: 'Role of turn 3' })
  ).toHaveValue('model');

  await panel.generate(/./);
  await expect(panel.region.locator('.lit-facts')).toContainText(
    'conversation'
  );
  await expect(
    panel.region.getByText('chat format has no system turn')
  ).toBeVisible();
  const said = (name: string) =>
    panel.region.getByRole('group', { name, exact: true });
  await expect(said('Turn 1, System')).toHaveText('You are brief.');
  await expect(said('Turn 3, Model')).toHaveText('No.');

  // The messages' own strings are shaded.
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await expect
    .poll(() => overlay(page.locator('.jp-Cell').first()).allTextContents())
    .toEqual(['You are brief.', 'Is onion soup sweet?', 'No.', 'And {dish}?']);

  await panel.region
    .getByRole('button', { name: 'Use the answer as the next turn' })
    .click();
  await expect(turn(6)).toHaveValue('');
  await expect(
    panel.region.getByRole('combobox', { name: 'Role of turn 5' })
  ).toHaveValue('model');
  await panel.region.getByRole('button', { name: 'Remove turn 6' }).click();
  await expect(turn(6)).toHaveCount(0);

  await test.step('a template of LangChain’s is a prompt with its chain’s values', async () => {
    await analyzeAt(page, line(page, '{{really}}'));
    await expect(panel.variable('dish')).toHaveValue('onion soup');
    await expect(panel.variable('taste')).toHaveValue('sweet');
    await expect(panel.prompt).toHaveValue('Is onion soup {really} sweet?');
    await panel.variable('taste').fill('salty');
    await expect(panel.prompt).toHaveValue('Is onion soup {really} salty?');
    await panel.generate(/./);
    await panel.segments('Answer').last().click();
    await panel.mapped();
    await expect
      .poll(() => overlay(page.locator('.jp-Cell').nth(2)).allTextContents())
      .toEqual(['Is {dish} {{really}} {taste}?']);
  });

  await test.step('a text in steps is one prompt, with its field filled in', async () => {
    // Any of its lines selects the whole text. The field's value comes from a later cell.
    await analyzeAt(page, line(page, '"Recommendation:"'));
    await expect(panel.variable('course')).toHaveValue('Onion soup');
    await expect(panel.region.getByText('composed text')).toBeVisible();
    await panel.generate(/./);
    await expect(panel.segments('Prompt').first()).toContainText('Taste-likes');
    await panel.segments('Answer').last().click();
    await panel.mapped();
    await expect
      .poll(async () =>
        (await overlay(page.locator('.jp-Cell').nth(4)).allTextContents()).join(
          '|'
        )
      )
      .toMatch(/Taste-likes: onions\..*course.*Recommendation:/);
  });
});
