/** Datasets of messages; a template over columns; fields that columns fill; a chosen encoding and first line. */
import { expect, test } from './galata';
import type { Locator, Page } from '@playwright/test';

import { Panel } from './lab';

let browser: Locator;
let rows: Locator;

test.beforeEach(({ page }) => {
  browser = new Panel(page).region.getByRole('region', { name: 'Datasets' });
  rows = browser.getByRole('list', { name: 'Prompts' }).getByRole('listitem');
});

async function open(page: Page, path: string): Promise<void> {
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', { path });
  }, path);
}

/** Open the choice of columns, which is already open if the columns were guessed. */
async function showColumns(): Promise<void> {
  const columns = browser
    .locator('details')
    .filter({ has: browser.page().getByText(/^Columns/) });
  if ((await columns.getAttribute('open')) === null) {
    await columns.locator('summary').click();
  }
}

test('messages, templates, fields of other prompts, encodings @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  await test.step('a dataset of messages, from the file browser: listed, searched, shown turn by turn, opened', async () => {
    const said = (role: string, content: string) => ({ role, content });
    const conversations = [
      [
        said('system', 'Be brief.'),
        said('user', 'Name a red fruit.'),
        said('assistant', 'Apple.')
      ],
      [said('user', 'And a green one?'), said('assistant', 'Lime.')]
    ];
    await page.contents.uploadContent(
      JSON.stringify(conversations.map(messages => ({ messages }))),
      'text',
      `${tmpPath}/messages.json`
    );
    await page
      .getByRole('region', { name: 'File Browser Section' })
      .getByRole('listitem', { name: /^Name: messages.json/ })
      .click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Open as prompt dataset' })
      .click();
    await expect(rows).toHaveCount(2);
    await expect(rows.first()).toContainText(
      'System Be brief. User Name a red fruit.'
    );
    await expect(rows.first()).toContainText('has a target');
    await browser.getByRole('searchbox').fill('RED fruit');
    await expect(rows).toHaveCount(1);
    await browser.getByRole('button', { name: /^Whole text of/ }).click();
    const row = browser.getByRole('group', { name: 'Row 1' });
    await expect(row.getByRole('heading')).toHaveText([
      'System',
      'User',
      'Target'
    ]);
    await expect(row.locator('pre')).toHaveText([
      'Be brief.',
      'Name a red fruit.',
      'Apple.'
    ]);
    await browser.getByRole('button', { name: 'Edit as prompt' }).click();
    const { region } = new Panel(page);
    for (const [number, text] of [
      [1, 'Be brief.'],
      [2, 'Name a red fruit.']
    ]) {
      await expect(
        region.getByRole('textbox', { name: `Text of turn ${number}` })
      ).toHaveValue(String(text));
    }
  });

  await test.step('columns make prompts by a template, and fill the fields of a row’s prompt', async () => {
    const panel = new Panel(page);
    await page.contents.uploadContent(
      'prompt,town,when\nTell me of {town} in {year}.,Rome,1990\n',
      'text',
      `${tmpPath}/towns.csv`
    );
    await open(page, `${tmpPath}/towns.csv`);
    await browser
      .getByRole('button', { name: /^Whole text of/ })
      .first()
      .click();
    await browser.getByRole('button', { name: 'Edit as prompt' }).click();
    const variables = panel.region.getByRole('group', { name: 'Variables' });
    await expect(variables.getByLabel('town')).toHaveValue('Rome');
    await expect(variables.getByLabel('year')).toHaveValue('');
    await panel.show('Datasets');
    await browser.getByText('Fields of the prompt').click();
    await browser
      .getByRole('combobox', { name: '{year}' })
      .selectOption({ label: 'when' });
    await browser.getByRole('button', { name: 'Edit as prompt' }).click();
    await expect(variables.getByLabel('year')).toHaveValue('1990');

    await panel.show('Datasets');
    await showColumns();
    const template = browser.getByRole('form', { name: 'Template' });
    await template.getByRole('textbox').fill('In ');
    await template.getByRole('button', { name: 'town' }).click();
    await expect(template.getByRole('textbox')).toHaveValue('In {town}');
    await expect(template.locator('pre')).toHaveText('In Rome');
    await template.getByRole('button', { name: 'Use the template' }).click();
    await expect(rows.first()).toContainText('In Rome');
    await showColumns(); // the file was read again
    await template.getByRole('button', { name: 'Use one column' }).click();
    await expect(rows.first()).toContainText('Tell me of {town}');
  });

  await test.step('a row fills the fields of another prompt', async () => {
    await page.contents.uploadContent(
      '{"prompt": "Answer {question} in {n} words."}\n',
      'text',
      `${tmpPath}/template.jsonl`
    );
    await page.contents.uploadContent(
      'question,number\nWhy?,5\n',
      'text',
      `${tmpPath}/questions.csv`
    );
    await open(page, `${tmpPath}/template.jsonl`);
    // A click doesn't run a prompt that has fields to fill in.
    await rows.first().getByRole('button').first().click();
    const variables = new Panel(page).region.getByRole('group', {
      name: 'Variables'
    });
    await expect(variables).toBeVisible();
    await open(page, `${tmpPath}/questions.csv`);
    await expect(rows.first()).toContainText('Why?');
    await browser.getByText('Fields of the prompt').click();
    await browser
      .getByRole('combobox', { name: '{n}' })
      .selectOption({ label: 'number' });
    await browser.getByRole('button', { name: /^Whole text of/ }).click();
    await browser
      .getByRole('button', { name: 'Fill the prompt’s fields' })
      .click();
    await expect(variables.getByLabel('question')).toHaveValue('Why?');
    await expect(variables.getByLabel('n', { exact: true })).toHaveValue('5');
  });

  await test.step('an encoding and a first line that is a row, by choice', async () => {
    // "Hello, Beijing" in GBK, which Windows-1252 reads as other letters.
    const bytes = Buffer.from([0xc4, 0xe3, 0xba, 0xc3, 0xb1, 0xb1, 0xbe, 0xa9]);
    await page.contents.uploadContent(
      Buffer.concat([bytes, Buffer.from('\nTell me\n')]).toString('base64'),
      'base64',
      `${tmpPath}/gbk.csv`
    );
    await open(page, `${tmpPath}/gbk.csv`);
    const encoding = browser.getByRole('combobox', {
      name: 'Encoding of the file'
    });
    await expect(encoding).toContainText('Windows-1252 (guessed)');
    await encoding.selectOption({ label: 'Chinese (GBK, GB 18030)' });
    await showColumns();
    await browser
      .getByRole('checkbox', { name: 'The first line is a row' })
      .click();
    await expect(rows).toHaveCount(2);
    await expect(rows.first()).toContainText('你好北京');
  });
});
