/** Earlier runs: the server stores each of them, and the panel shows them again without the model. */
import { readFileSync } from 'fs';
import { expect, test } from './galata';
import { emptyHistory } from './busy';
import {
  analyzeAt,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from './lab';

const MISTAKE = 'Recommendation: You have to try it.';

test.beforeEach(({ request }) => emptyHistory(request));

test('a run is kept, found, named, starred, and shown again with its map', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(MISTAKE);
  await panel.explain(MISTAKE);
  const strongest = await panel.strongestOfPrompt();

  const history = await panel.show('History');
  const runs = history.getByRole('listitem');
  await expect(runs).toHaveCount(1);
  await expect(runs).toContainText('prompt_debugging.ipynb');
  await expect(
    runs.getByRole('button', { name: /eggs/ }).first()
  ).toBeVisible();

  // The buttons that appear on hover don't cover its name.
  const name = runs.first().locator('.lit-kept-name');
  const { width } = (await name.boundingBox())!;
  await runs.first().hover();
  await expect(runs.getByRole('button', { name: /^Share/ })).toBeVisible();
  expect((await name.boundingBox())!.width).toBe(width);

  // The saved file contains the run as the server stores it.
  const saving = page.waitForEvent('download');
  await runs.getByRole('button', { name: /^Share/ }).click();
  await page.getByRole('menuitem', { name: 'Save Run as JSON' }).click();
  const file = await (await saving).path();
  const saved = JSON.parse(readFileSync(file, 'utf8'));
  expect(saved.answer).toContain('You have to try it.');
  expect(saved.scores.length).toBeGreaterThan(0);

  // Another prompt makes another run, and the list updates by itself.
  await panel.show('Analysis');
  await panel.edit.click();
  await panel.prompt.fill('Suggestion: Baguette\nAnalysis:');
  await panel.generate(/\S/);
  await panel.show('History');
  await expect(runs).toHaveCount(2);

  // The keyboard walks the history and opens a run, which the analysis shows.
  await history.locator('.lit-row').first().focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(panel.answer).toContainText('You have to try it.');
  await panel.show('History');
  await expect(history.locator('[aria-current="true"]')).toHaveCount(1);
  await history.locator('.lit-row').first().focus();
  await page.keyboard.press('Enter');
  await expect(panel.segments('Prompt', 'Baguette')).toBeVisible();
  await panel.show('History');

  const first = runs.nth(1);
  await first.hover();
  await first.getByRole('button', { name: /^Rename/ }).click();
  await first
    .getByRole('textbox', { name: 'Name of the run' })
    .fill('The mistake');
  await page.keyboard.press('Enter');
  await expect(history.getByText('The mistake')).toBeVisible();
  await first.getByRole('button', { name: 'Star The mistake' }).click();
  await history.getByRole('button', { name: 'Only starred' }).click();
  await expect(runs).toHaveCount(1);
  await history.getByRole('button', { name: 'Only starred' }).click();
  await history.getByRole('searchbox').fill('mistake');
  await expect(runs).toHaveCount(1);

  // The run is shown again exactly, without the model: its service is stopped.
  const pid = await servicePid(request);
  process.kill(pid, 'SIGSTOP');
  await history.getByText('The mistake').click();
  await expect(panel.answer).toContainText('You have to try it.');
  await panel.explain(MISTAKE);
  expect(await panel.strongestOfPrompt()).toBe(strongest);
  process.kill(pid, 'SIGCONT');
  await panel.show('History');

  // Deleting can be undone, and a double click deletes one at most.
  await history.getByRole('searchbox').fill('');
  await expect(runs).toHaveCount(2);
  await runs.first().hover();
  await runs
    .first()
    .getByRole('button', { name: /^Delete/ })
    .dblclick();
  const undo = history.getByRole('button', { name: /^Undo/ });
  await expect(undo).toHaveCount(1);
  await undo.click();
  await expect(undo).toHaveCount(0);
  await expect(history.locator('.lit-row')).toHaveCount(2);

  // Deleting all leaves starred runs, unless the user includes them.
  const dialog = page.getByRole('dialog');
  await history.getByRole('button', { name: 'Delete all…' }).click();
  await expect(dialog).toContainText('1 starred run stays.');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(runs).toHaveCount(1);
  await expect(runs).toContainText('The mistake');
  await history.getByRole('button', { name: 'Delete all…' }).click();
  await dialog.getByRole('checkbox').check();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(runs).toHaveCount(0);
  await expect(history).toContainText('Each answer will be stored here');
  // The shown run stays.
  await panel.show('Analysis');
  await expect(panel.answer).toContainText('You have to try it.');
});
