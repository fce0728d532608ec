/** The dataset browser: from a file to a prompt, to a changed dataset, to a cell. */
import { readFileSync } from 'fs';
import * as path from 'path';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from './galata';
import type { Locator } from '@playwright/test';

import { asked, COLD, openNotebook, Panel, TUTORIAL } from './lab';

/** 30 rows in three groups, with a nested column and one of bytes. */
const PARQUET = path.resolve(__dirname, '../fixtures/questions.parquet');
const COUNT = 2000;
const CSV = [
  'Question,topic',
  ...Array.from(
    { length: COUNT },
    (_, i) =>
      `Question ${i + 1}: why is the sky ${['blue', 'red', 'green'][i % 3]}?,${['science', 'weather'][i % 2]}`
  ),
  'a,b,c'
].join('\n');

/** The file's entry in the file browser. */
function entry(page: IJupyterLabPageFixture): Locator {
  return page
    .getByRole('region', { name: 'File Browser Section' })
    .getByRole('listitem', { name: /^Name: questions.csv/ });
}

let browser: Locator;
let rows: Locator;

test.beforeEach(async ({ page, tmpPath }) => {
  await page.contents.uploadContent(CSV, 'text', `${tmpPath}/questions.csv`);
  browser = new Panel(page).region.getByRole('region', { name: 'Datasets' });
  rows = browser.getByRole('list', { name: 'Prompts' }).getByRole('listitem');
});

test('files that are dragged, chosen in the dialog, and opened from the file browser', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);

  await test.step('a file dragged onto the panel', async () => {
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:open-panel');
    });
    const from = (await entry(page).boundingBox())!;
    const to = (await new Panel(page).region.boundingBox())!;
    await page.mouse.move(from.x + 60, from.y + 8);
    await page.mouse.down();
    await page.mouse.move(from.x + 100, from.y + 40, { steps: 5 });
    await page.mouse.move(to.x + 100, to.y + 300, { steps: 10 });
    await page.mouse.up();
    await expect(rows.first()).toContainText('Question 1:');
  });

  await test.step('a Parquet file; one that is damaged says so', async () => {
    await page.contents.uploadFile(PARQUET, `${tmpPath}/questions.parquet`);
    await page.contents.uploadContent(
      readFileSync(PARQUET).subarray(0, 900).toString('base64'),
      'base64',
      `${tmpPath}/half.parquet`
    );
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:open-panel');
    });
    const choose = async (name: string) => {
      await browser
        .getByRole('button', { name: 'Open a file of prompts…' })
        .click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('listitem', { name: `Name: ${name}` }).click();
      await dialog.getByRole('button', { name: 'Select' }).click();
    };
    await panel.show('Datasets');
    await choose('questions.parquet');
    await expect(rows.first()).toContainText('Question 1:');
    await expect(browser.getByText('prompts are taken from')).toContainText(
      'Question'
    );
    await browser.getByRole('searchbox').fill('"n": 29,');
    await expect(rows).toHaveCount(1);
    await browser.getByRole('button', { name: /^Whole text of/ }).click();
    await expect(browser.getByRole('group', { name: 'Row 30' })).toContainText(
      '{"bytes": 2}'
    );

    await choose('half.parquet');
    await expect(browser.getByRole('alert')).toContainText(
      "half.parquet isn't a complete Parquet file"
    );
  });

  await test.step('an answer beside the target that the dataset has for it', async () => {
    await page.contents.uploadContent(
      JSON.stringify({ prompt: 'Tom likes figs.', target: 'So he does.' }),
      'text',
      `${tmpPath}/targets.jsonl`
    );
    await page.evaluate(async path => {
      await window.jupyterapp.commands.execute('lit-lab:open-dataset', {
        path
      });
    }, `${tmpPath}/targets.jsonl`);
    await asked(page, () => rows.first().getByRole('button').first().click());
    await panel.answered(/\S/);
    const answer = await panel.segments('Answer').allTextContents();
    await panel.region
      .getByRole('button', { name: 'Compare with the dataset’s target' })
      .click();
    const comparison = page.getByRole('region', { name: /^Comparison/ });
    await expect(
      comparison.getByRole('group', { name: 'Answer', exact: true })
    ).toContainText(answer[0].trim(), { timeout: COLD });
    await expect(
      comparison.getByRole('group', { name: 'Forced answer' })
    ).toContainText('So he does.', { timeout: COLD });
    // A click explains both sides.
    await comparison.getByRole('radio', { name: 'Both maps' }).click();
    await comparison
      .getByRole('group', { name: 'Answer', exact: true })
      .locator('[data-segment]')
      .first()
      .click();
    await expect(comparison.locator('[data-rank="1"]')).toHaveCount(2, {
      timeout: COLD
    });
  });

  await test.step('a file from the file browser: searched, filtered, walked by keyboard, analyzed', async () => {
    await entry(page).click({ button: 'right' });
    await page
      .getByRole('menuitem', { name: 'Open as prompt dataset' })
      .click();
    await expect(rows.first()).toContainText('Question 1:');
    await expect(browser.getByText('1 row can’t be used')).toBeVisible();
    await browser.getByText('1 row can’t be used').click();
    await expect(browser.getByText(`line ${COUNT + 2}`)).toBeVisible();

    // A long list renders only the visible rows, but the keyboard reaches all of them.
    expect(await rows.count()).toBeLessThan(60);
    await rows.first().getByRole('button').first().focus();
    await page.keyboard.press('End');
    await expect(page.locator(':focus')).toContainText(`Question ${COUNT}:`);
    await page.keyboard.press('ArrowUp');
    await expect(page.locator(':focus')).toContainText(
      `Question ${COUNT - 1}:`
    );
    await page.keyboard.press('ArrowRight');
    await expect(
      browser.getByRole('group', { name: `Row ${COUNT - 1}` })
    ).toContainText(`Question ${COUNT - 1}:`);

    await browser.getByRole('searchbox').fill('GREEN 199');
    await browser
      .getByRole('combobox', { name: 'Filter by source' })
      .selectOption({ label: `science (${(COUNT / 2).toLocaleString()})` });
    await expect(rows.first()).toContainText('Question 1995:');
    await rows.first().getByRole('button').first().focus();
    await asked(page, () => page.keyboard.press('Enter'));
    await panel.answered(/\S/);
    await expect(panel.segments('Prompt').first()).toHaveText(
      /^Question 1995:/
    );
  });
});

test('rows are added, deleted, saved, and inserted into the notebook @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', {
      path
    });
  }, `${tmpPath}/questions.csv`);
  await expect(rows.first()).toContainText('Question 1:');
  await browser
    .getByRole('button', { name: /^Whole text of/ })
    .first()
    .click();
  await browser.getByRole('button', { name: 'Edit as prompt' }).click();
  await expect(panel.prompt).toHaveValue(/^Question 1:/);
  await panel.prompt.fill('Say "hello".\nTwice.');
  await panel.show('Datasets');
  await browser.getByRole('button', { name: 'Add the prompt' }).click();
  await expect(page.locator(':focus')).toContainText('Say "hello".');

  await browser.getByRole('button', { name: /^Whole text of Say/ }).click();
  await browser.getByRole('button', { name: 'Insert as cell' }).click();
  await expect(
    page.locator('.jp-Notebook .cm-line', { hasText: 'prompt = """Say' })
  ).toBeVisible();

  const last = rows.filter({ hasText: `Question ${COUNT}:` });
  await last.getByRole('button').first().focus();
  await page.keyboard.press('Delete');
  await expect(last).toHaveCount(0);
  await browser.getByRole('button', { name: 'Undo' }).click();
  await expect(last).toHaveCount(1);

  await browser.getByRole('button', { name: 'Save as .jsonl…' }).click();
  const form = browser.getByRole('form', { name: 'Save the dataset' });
  const path = form.getByRole('textbox', { name: 'Save as' });
  await expect(path).toHaveValue(`${tmpPath}/questions.jsonl`);
  await page.contents.uploadContent('x', 'text', `${tmpPath}/taken.jsonl`);
  await path.fill(`${tmpPath}/taken`);
  await expect(form.getByRole('status')).toContainText(
    '1 row that can’t be used won’t be in this file; it stays in questions.csv.'
  );
  await form.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(form.getByRole('alert')).toContainText(
    'already a file taken.jsonl'
  );
  await form.getByRole('button', { name: 'Replace it' }).click();
  await expect(form).toHaveCount(0);
  // The browser shows the file's content.
  await expect(browser.locator('.lit-bad')).toHaveCount(0);
  await expect(
    browser.getByText("1 row of questions.csv that can't be used was not")
  ).toBeVisible();
  const saved = await page.evaluate(
    async path =>
      (await window.jupyterapp.serviceManager.contents.get(path)).content,
    `${tmpPath}/taken.jsonl`
  );
  const lines = String(saved).trim().split('\n');
  expect(lines).toHaveLength(COUNT + 1);
  expect(JSON.parse(lines[COUNT])).toEqual({
    prompt: 'Say "hello".\nTwice.'
  });

  await test.step('what could not be read stays in the file; what something else has changed is not replaced unasked', async () => {
    const path = `${tmpPath}/own.jsonl`;
    const content = () =>
      page.evaluate(
        async path =>
          String(
            (await window.jupyterapp.serviceManager.contents.get(path)).content
          ),
        path
      );
    await page.contents.uploadContent(
      '{"n": 1.0, "prompt": "One"}\n# mine\n{"n": 2.0, "prompt": "Two"}\n',
      'text',
      path
    );
    await page.evaluate(async path => {
      await window.jupyterapp.commands.execute('lit-lab:open-dataset', {
        path
      });
    }, path);
    const form = browser.getByRole('form', { name: 'Save the dataset' });
    const save = async () => {
      await browser.getByRole('button', { name: 'Save as .jsonl…' }).click();
      await form.getByRole('button', { name: 'Save', exact: true }).click();
      await form.getByRole('button', { name: 'Replace it' }).click();
    };
    const remove = async (text: string) => {
      await rows.filter({ hasText: text }).getByRole('button').first().focus();
      await page.keyboard.press('Delete');
      await expect(rows.filter({ hasText: text })).toHaveCount(0);
    };

    await remove('One');
    await browser.getByRole('button', { name: 'Save as .jsonl…' }).click();
    await expect(form.getByRole('status')).toContainText(
      '1 row that can’t be used stays in the file as it is.'
    );
    await form.getByRole('button', { name: 'Cancel' }).click();
    await save();
    await expect(form).toHaveCount(0);
    expect(await content()).toBe('# mine\n{"n": 2.0, "prompt": "Two"}\n');
    await expect(browser.getByText('1 row can’t be used')).toBeVisible();

    await browser.getByRole('button', { name: 'Undo' }).click();
    await expect(rows).toHaveCount(2);
    await page.contents.uploadContent('{"prompt": "Other"}\n', 'text', path);
    await save();
    await expect(form.getByRole('alert')).toContainText(
      'has been changed since'
    );
    expect(await content()).toBe('{"prompt": "Other"}\n');
    await form.getByRole('button', { name: 'Replace it' }).click();
    await expect(form).toHaveCount(0);
    expect(await content()).toContain('"prompt": "One"');
    await expect(browser.getByText('1 row can’t be used')).toHaveCount(0);
  });
});
