/** Rows of a dataset, run as a batch. */
import { expect, test } from './galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { faultsOf } from './faults';
import { asked, COLD, kept, Panel } from './lab';

const TAB = '#lit-lab-batches';

/** Fill in the form for a template over the samples, with a check that no answer passes. */
async function fill(batches: Locator): Promise<void> {
  await batches.getByRole('radio', { name: 'Template' }).click();
  const template = batches.getByRole('textbox', { name: 'Template' });
  await expect(template).toHaveValue('{prompt}');
  await template.fill('Be brief.\n{prompt}');
  await batches.getByRole('radio', { name: 'The first' }).click();
  await batches.getByRole('spinbutton', { name: 'Number of rows' }).fill('6');
  await batches
    .getByRole('spinbutton', { name: 'Longest answer, in tokens' })
    .fill('6');
  for (const [number, kind, value] of [
    [1, 'matches', '.'],
    [2, 'contains', 'a word that no answer has']
  ] as const) {
    await batches.getByRole('button', { name: 'Add a check' }).click();
    await batches
      .getByRole('combobox', { name: `Check ${number}: kind` })
      .selectOption(kind);
    await batches
      .getByRole('textbox', { name: `Check ${number}: what is expected` })
      .fill(value);
  }
}

/** Open the form from the dataset browser. */
async function open(page: IJupyterLabPageFixture): Promise<Locator> {
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  const datasets = await new Panel(page).show('Datasets');
  await datasets.getByRole('button', { name: 'Run over all rows…' }).click();
  const batches = page.locator(TAB);
  await expect(
    page.getByRole('tab', { name: 'Run over rows: LIT’s sample prompts' })
  ).toBeVisible();
  return batches;
}

test('a template over the first rows: progress, checks, a row as a run, what matters; stop and go on', async ({
  page
}) => {
  test.slow();
  const batches = await open(page);
  const shown = batches.getByRole('region', { name: 'Batch', exact: true });

  await test.step('the rows are run, and a check fails', async () => {
    await fill(batches);
    await batches.getByRole('button', { name: 'Run 6 rows' }).click();
    await expect(shown.getByRole('progressbar')).toBeVisible({ timeout: COLD });
    await expect(shown.getByText('6 of 6 rows')).toBeVisible({ timeout: COLD });
    await expect(shown.getByRole('status').first()).toHaveText('done');
    const checks = shown.getByRole('table', { name: 'Checks' });
    await expect(checks.getByRole('row').nth(1)).toContainText('6 of 6 (100%)');
    await expect(checks.getByRole('row').nth(2)).toContainText('0 of 6 (0%)');
    const rows = shown
      .getByRole('table', { name: /^Rows/ })
      .locator('tbody tr');
    await expect(rows).toHaveCount(6);
    await expect(rows.first()).toContainText('not passed');
    await shown.getByRole('radio', { name: 'Failed' }).click();
    await expect(shown.getByText('No row failed.')).toBeVisible();
    await shown.getByRole('radio', { name: 'Unexpected' }).click();
    await expect(rows).toHaveCount(6);
    expect(await faultsOf(page, TAB)).toEqual([]);
  });

  await test.step('a row becomes a run in the panel, by the keyboard', async () => {
    const first = shown.getByRole('button', {
      name: 'Open row 1 in the panel'
    });
    await first.focus();
    await page.keyboard.press('ArrowDown');
    const second = shown.getByRole('button', {
      name: 'Open row 2 in the panel'
    });
    await expect(second).toBeFocused();
    await asked(page, () => page.keyboard.press('Enter'));
    const panel = new Panel(page);
    await panel.answered(/\S/);
    await expect(panel.segments('Prompt').first()).toContainText('Be brief.');
    await expect(panel.region).toContainText('row 2');
  });

  await test.step('what matters over rows, drawn and as a table', async () => {
    await shown.getByRole('tab', { name: 'What matters over rows' }).click();
    const grid = shown.getByRole('grid', { name: 'Heatmap of parts and rows' });
    await expect(grid.getByRole('gridcell').first()).toBeVisible();
    await expect(grid.locator('[tabindex="0"]')).toHaveCount(1);
    await grid.locator('[tabindex="0"]').focus();
    await page.keyboard.press('ArrowRight');
    await expect(
      grid.getByRole('gridcell', { name: /^Row 2, / }).first()
    ).toBeFocused();
    for (const theme of ['light', 'dark'] as const) {
      await (theme === 'light'
        ? page.theme.setLightTheme()
        : page.theme.setDarkTheme());
      expect.soft(await faultsOf(page, TAB), theme).toEqual([]);
    }
    await shown.getByRole('radio', { name: 'As a table' }).click();
    const ranking = shown.getByRole('table', {
      name: 'What the parts of the template do'
    });
    await expect(
      ranking.getByRole('rowheader', { name: 'Be brief.' })
    ).toBeVisible();
    await expect(ranking.getByRole('row').nth(1)).toContainText(/[+−]\d/);
    expect(await faultsOf(page, TAB)).toEqual([]);
  });

  await test.step('a file, and the same after a reload', async () => {
    const download = page.waitForEvent('download');
    await shown.getByRole('button', { name: 'Save as CSV' }).click();
    expect((await download).suggestedFilename()).toBe(
      'sample-prompts-demo.csv'
    );
    await kept(page, 'workspaces/default', /lit-lab-batches/);
    await page.evaluate(() => window.location.reload());
    await expect(
      batches.getByRole('region', { name: 'Batches' }).getByRole('listitem')
    ).toHaveCount(1, { timeout: COLD });
    await open(page);
  });

  await test.step('a batch is stopped, and goes on', async () => {
    await batches.getByRole('radio', { name: /^All / }).click();
    await batches.getByRole('button', { name: /^Run \d+ rows$/ }).click();
    // At once: all rows might be done before a first one is seen.
    await shown.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(shown.getByRole('status').first()).toHaveText('stopped');
    await shown.getByRole('button', { name: 'Go on' }).click();
    await expect(
      shown.getByRole('button', { name: 'Stop', exact: true })
    ).toBeVisible();
    await shown.getByRole('button', { name: 'Delete…' }).click();
    await shown.getByRole('button', { name: 'Delete all its answers' }).click();
    await expect(shown).toHaveCount(0);
    await expect(
      batches.getByRole('region', { name: 'Batches' }).getByRole('listitem')
    ).toHaveCount(1);
  });
});
