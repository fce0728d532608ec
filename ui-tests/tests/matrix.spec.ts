/** The whole answer at once, in the main area. */
import { expect, test } from './galata';

import { analyzeAt, COLD, line, openNotebook, Panel, TUTORIAL } from './lab';

const ANSWER = 'Recommendation: You have to try it.';

test('a cell selects both sentences, by mouse and keyboard; a slow method fills the matrix on request', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ANSWER);
  const sentences = await panel.segments('Answer').allTextContents();
  await panel.region.getByRole('button', { name: 'Matrix' }).click();

  const grid = page.getByRole('grid', {
    name: 'What led to each sentence of the answer'
  });
  // After their line numbers.
  await expect(grid.getByRole('rowheader')).toContainText([
    ...sentences.map(text => text.trim()),
    'On average'
  ]);
  await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
  const columns = await panel.segments('Prompt').allTextContents();
  const mistake = columns.findIndex(text => text === ANSWER);
  const last = grid.getByRole('row').filter({ hasText: sentences.at(-1) });
  await last.getByRole('gridcell').nth(mistake).click();
  await expect(panel.target).toHaveText(ANSWER);
  await panel.mapped();
  await expect(
    panel.segments('Prompt').nth(mistake),
    'the column’s sentence'
  ).toBeInViewport();
  // The same share in both places.
  const share = await panel
    .segments('Prompt')
    .nth(mistake)
    .getAttribute('data-share');
  await expect(last.getByRole('gridcell').nth(mistake)).toHaveText(
    String(Math.round(Number(share) * 100))
  );

  // The grid is one tab stop; arrows and Enter do the rest.
  await expect(grid.locator('[tabindex="0"]')).toHaveCount(1);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await expect(panel.target).toHaveText(sentences.at(-2)!.trim());
  // The first row contains the headings.
  await expect(grid.getByRole('row').nth(sentences.length - 1)).toHaveAttribute(
    'data-target',
    'true'
  );

  await page.getByRole('radio', { name: 'Whole response' }).click();
  await expect(grid.getByRole('rowheader').last()).toHaveText('Total');

  // A method that only runs on request, and can be stopped.
  const matrix = page.locator('#lit-lab-matrix');
  await panel.method.selectOption('Leave one out');
  const unknown = grid.locator('[data-state="unknown"]');
  await expect(unknown.first()).toBeVisible();
  await expect(matrix).toContainText(`0 of ${sentences.length} are computed`);
  await expect(matrix).toContainText('at most');
  await matrix.getByRole('button', { name: 'Compute all' }).click();
  await expect(unknown).toHaveCount(0, { timeout: COLD });
  // The panel uses the scores that the matrix computed.
  await grid.getByRole('row').nth(1).getByRole('gridcell').first().click();
  await panel.mapped();
  await expect(panel.region).toContainText('Not a gradient');

  await panel.method.selectOption('SHAP');
  await matrix.getByRole('button', { name: /^Compute/ }).click();
  await matrix.getByRole('button', { name: 'Cancel' }).click();
  await expect(matrix.getByRole('button', { name: /^Compute/ })).toBeVisible();
  await expect(unknown.first()).toBeVisible();
});
