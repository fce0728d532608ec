/** The sources of prompts, in a notebook that has never had a kernel. */
import { expect, test } from './galata';

import {
  analyzeAt,
  asked,
  COLD,
  line,
  NO_KERNEL,
  openNotebook,
  overlay,
  Panel
} from './lab';

test('a sample, strings, outputs, cells, and a selection, without a kernel @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await test.step('a sample prompt from the dataset browser', async () => {
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:open-panel');
    });
    await panel.show('Datasets');
    const search = panel.region.getByRole('searchbox', {
      name: 'Search prompts'
    });
    await expect(search).toBeVisible({ timeout: COLD });
    await search.fill('fewshot-constitution');
    const rows = panel.region
      .getByRole('list', { name: 'Prompts' })
      .getByRole('listitem');
    await expect(rows).toHaveCount(1);
    // One click runs the prompt; another one shows the same answer.
    await asked(page, () => rows.getByRole('button').first().click());
    await panel.answered('Not suitable for you.');
    await panel.explain('Not suitable for you.');
  });

  await openNotebook(page, tmpPath, NO_KERNEL);
  await test.step('the string under the pointer', async () => {
    await analyzeAt(page, line(page, 'Name three uses for a brick.'));
    await expect(panel.prompt).toHaveValue(
      'Name three uses for a brick.\n\n1.'
    );
    // Two literals form one string.
    await analyzeAt(page, line(page, '"and a vegetable."'));
    await expect(panel.prompt).toHaveValue('Name a fruit, and a vegetable.');
  });

  await test.step('a printed output: the codelab’s prompt, run and explained', async () => {
    const printed = page.locator('.jp-OutputArea-output');
    await analyzeAt(page, printed.getByText('Suggestion: Onion soup'));
    await expect(panel.prompt).toHaveValue(
      /^Analyze a menu item[^]*\nAnalysis:\n?$/
    );
    await panel.generate('Recommendation: You have to try it.');
    await panel.explain('Recommendation: You have to try it.');
    const strongest = await panel.strongestOfPrompt();
    await expect(panel.segments('Prompt').nth(strongest)).toHaveText(
      'Recommendation: You have to try it.'
    );
  });

  await test.step('a markdown cell, as it is written', async () => {
    await analyzeAt(
      page,
      page.locator('.jp-MarkdownOutput').getByText('Write one headline')
    );
    await expect(panel.prompt).toHaveValue(/^Write one headline.* Sundays\.$/);
  });

  await test.step('a raw cell, shaded in its editor', async () => {
    await analyzeAt(
      page,
      page.locator('.jp-RawCell .cm-line', { hasText: 'Quiche Lorraine' })
    );
    await expect(panel.prompt).toHaveValue(/^Analyze a menu[^]*Analysis:$/);
    await panel.generate(/Recommendation/);
    await panel.explain(/Recommendation/);
    await expect(overlay(page.locator('.jp-RawCell')).first()).toBeVisible();
  });

  const apply = panel.region.getByRole('button', { name: 'Apply to cell' });
  await test.step('an edit of it, which is run, then applied to the cell', async () => {
    const raw = page.locator('.jp-RawCell');
    await expect(apply).toHaveCount(0);
    await panel.edit.click();
    const text = await panel.prompt.inputValue();
    const edited = text.replace('Cheese', 'Onions');
    await panel.prompt.fill(edited);
    await panel.generate(/Recommendation/);
    await panel.explain(/Recommendation/);
    await expect(overlay(raw)).toHaveCount(0);
    await apply.click();
    await expect(line(page, 'Taste-likes: Onions')).toBeVisible();
    // The answer and its map stay, and the cell's text is the prompt again.
    await expect(apply).toHaveCount(0);
    await expect(panel.target).toContainText(/Recommendation/);
    await expect(panel.topSegments).toBeVisible();
    await expect(overlay(raw).first()).toBeVisible();
    await expect(panel.region.getByText('unchanged')).toBeVisible();
  });

  await test.step('a text that one goes back to is under its own origin', async () => {
    const origin = panel.region.locator('.lit-trail');
    await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
    await expect(panel.prompt).toHaveValue('Name three uses for a paper clip.');
    const from = (await origin.textContent())!;
    await panel.prompt.fill('Name four uses for a paper clip.');
    await analyzeAt(
      page,
      page.locator('.jp-MarkdownOutput').getByText('Write one headline')
    );
    await expect(origin).not.toHaveText(from);
    await panel.region
      .getByRole('button', { name: 'Back to the text you edited' })
      .click();
    await expect(panel.prompt).toHaveValue('Name four uses for a paper clip.');
    await expect(origin).toHaveText(from);
    await panel.region
      .getByRole('button', { name: 'Use the original text' })
      .click();
    await expect(panel.prompt).toHaveValue('Name three uses for a paper clip.');
  });

  await test.step('an edit is applied to a string, and undone in the cell', async () => {
    await panel.prompt.fill('Name three "good" uses for a paper clip.');
    await apply.click();
    const code = line(page, 'first = ');
    await expect(code).toHaveText(
      'first = "Name three \\"good\\" uses for a paper clip."'
    );
    await expect(apply).toHaveCount(0);
    await code.click();
    await page.keyboard.press('Control+z');
    await expect(code).toHaveText(
      'first = "Name three uses for a paper clip."'
    );
    await expect(panel.prompt).toHaveValue('Name three uses for a paper clip.');
  });

  await test.step('one of several strings, from a list', async () => {
    // Not on a string, but beside the last line.
    const cell = page.locator('.jp-CodeCell').first();
    await cell.locator('.jp-InputPrompt').click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Analyze prompt' }).click();
    const list = page.getByRole('dialog').getByRole('listbox');
    await expect(list.getByRole('option')).toHaveCount(3);
    await list.getByRole('option', { name: /Name a fruit/ }).click();
    await expect(panel.prompt).toHaveValue('Name a fruit, and a vegetable.');
  });

  await test.step('a selection', async () => {
    const at = line(page, 'Name three uses for a paper clip.');
    await at.click();
    await page.keyboard.press('End');
    await page.keyboard.press('Shift+Home');
    await analyzeAt(page, at);
    await expect(panel.prompt).toHaveValue(
      'first = "Name three uses for a paper clip."'
    );
  });
});
