/** A cell with many texts, one of which is picked from a list; and a prompt whose lines were wrapped by hand. */
import * as path from 'path';
import { expect, test } from './galata';

import { faultsOf } from './faults';
import { analyzeAt, line, openNotebook, Panel } from './lab';

const MANY = path.resolve(__dirname, '../fixtures/many_strings.ipynb');

test('conversations and templates come first, short strings are folded', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, MANY);
  const dialog = page.getByRole('dialog');
  const options = dialog.getByRole('option');
  const ask = async (cell: number) => {
    await page
      .locator('.jp-CodeCell')
      .nth(cell)
      .locator('.jp-InputPrompt')
      .click({ button: 'right' });
    await page.getByRole('menuitem', { name: 'Analyze prompt' }).click();
    await expect(options.first()).toBeVisible();
  };

  await test.step('with the keyboard alone', async () => {
    await ask(0);
    await expect(options.nth(0)).toContainText('2 turns');
    await expect(options.nth(1)).toContainText('Taste-likes');
    await expect(options.nth(2)).toContainText('The analysis should be brief');
    await expect(options.nth(2)).toContainText(
      'constitution · 171 characters · line 6'
    );
    await expect(dialog.getByRole('combobox')).toBeFocused();
    await page.keyboard.press('End');
    const fold = options.filter({ hasText: 'Show 9 short strings' });
    await expect(fold).toHaveAttribute('aria-selected', 'true');
    await page.keyboard.press('Enter');
    await expect(fold).toHaveCount(0);
    await expect(
      dialog.getByRole('group', { name: 'Short strings' }).getByRole('option')
    ).toHaveCount(9);
    expect(await faultsOf(page, '.lit-picker-body')).toEqual([]);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await expect(dialog).toHaveCount(0);
    await expect(panel.variable('likes')).toHaveValue('sweet');
  });

  await test.step('by typing', async () => {
    await ask(1);
    await page.keyboard.type('number 12');
    await expect(options).toHaveCount(1);
    await expect(dialog.getByRole('status')).toHaveText('1 text found');
    await page.keyboard.press('Enter');
    await expect(panel.prompt).toHaveValue(/^The review number 12/);
  });

  await test.step('a short string that is pointed at', async () => {
    await analyzeAt(page, line(page, 'answer = ').getByText('"small"'));
    await expect(panel.prompt).toHaveValue('small');
  });

  await test.step('a sentence over two lines', async () => {
    await analyzeAt(page, line(page, 'painter was born'));
    await panel.generate(/./);
    await expect(panel.segments('Prompt')).toHaveCount(1);
    await panel.insight('Options');
    const choice = panel.region.getByRole('combobox', {
      name: 'Lines wrapped by hand'
    });
    await expect(choice).toHaveValue('auto');
    await choice.selectOption('off');
    await expect(panel.segments('Prompt')).toHaveCount(2);
    await choice.selectOption('on');
    await expect(panel.segments('Prompt')).toHaveCount(1);
  });
});
