/** Targets: a forced answer, why this rather than that, and where the model hesitated. */
import { expect, test } from './galata';

import { emptyHistory } from './busy';
import { analyzeAt, line, openNotebook, Panel, TUTORIAL } from './lab';

const ANSWER = 'Recommendation: You have to try it.';

test('a forced answer, why this rather than that, and where the model hesitated', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  await emptyHistory(request);
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ANSWER);

  await test.step('a forced answer, found again in the history', async () => {
    // With only the keyboard.
    const toggle = panel.region.getByRole('button', {
      name: 'What would make it say …?'
    });
    await toggle.focus();
    await page.keyboard.press('Enter');
    const field = panel.region.getByRole('textbox', {
      name: 'Text to explain'
    });
    await page.keyboard.press('Tab');
    await expect(field).toBeFocused();
    await page.keyboard.type('It has eggs. Avoid.');
    await expect(
      panel.region.getByRole('checkbox', { name: 'with a space before it' })
    ).toBeChecked();
    await page.keyboard.press('Control+Enter');
    const forced = panel.region.getByRole('group', { name: 'Forced answer' });
    const segments = forced.locator('[data-segment]');
    await expect(segments).toHaveText(['It has eggs.', 'Avoid.']);
    await expect(segments.last()).toHaveAttribute('aria-disabled', 'false');
    await expect(panel.region).toContainText(
      /forced answer · \d+ tokens · log p −/
    );
    await segments.last().click();
    await panel.mapped();
    // The typed text stays.
    await expect(field).toHaveValue('It has eggs. Avoid.');

    // An error is reported in place, and both texts stay.
    await field.fill('x '.repeat(3000));
    await page.keyboard.press('Control+Enter');
    await expect(panel.alert).toContainText(/window|tokens long/);
    await expect(forced).toBeVisible();
    await field.fill('It has eggs. Avoid.');

    const history = await panel.show('History');
    const kept = history.getByRole('listitem');
    await expect(kept).toHaveCount(2);
    await expect(kept.first()).toContainText('forced answer');
    await expect(kept.last()).not.toContainText('forced answer');
    await kept.last().locator('.lit-row').click();
    await panel.answered(ANSWER);
    await panel.show('History');
    await kept.first().locator('.lit-row').click();
    await expect(forced.locator('[data-segment]').last()).toHaveText('Avoid.');
    await forced.locator('[data-segment]').last().click();
    await panel.mapped();
    await panel.show('History');
    await kept.last().locator('.lit-row').click();
    await panel.answered(ANSWER);
  });

  await test.step('why this rather than that: typed, and of the model’s own', async () => {
    await panel.explain(ANSWER);
    const shares = () =>
      panel
        .segments('Prompt')
        .evaluateAll(all => all.map(e => e.dataset.share ?? ''));
    const plain = await shares();

    await panel.insight('Why not');
    const other = panel.region.getByRole('textbox', {
      name: 'Text in place of the target'
    });
    await other.fill(ANSWER);
    await other.press('Enter');
    await expect(panel.alert).toContainText('This is the target’s own text.');
    await expect(other).toHaveValue(ANSWER);
    await other.fill('Recommendation: Avoid.');
    await other.press('Enter');
    await expect(other).toHaveCount(0);
    await panel.insight('What led to');
    await expect(
      panel.region.getByRole('list', {
        name: 'What led to “You have to try it.” rather than “Avoid.”'
      })
    ).toBeVisible();
    await panel.mapped();
    // The target doesn't include the beginning that both texts share.
    await expect(panel.target).toHaveText(/^\s*You have to try it\.$/);
    const contrast = await shares();
    expect(contrast).not.toEqual(plain);
    // Ablation methods also support contrastive targets.
    await panel.compute('Leave one out');
    await panel.method.selectOption('L2 norm');
    await panel.mapped();

    await panel.insight('Why not');
    await panel.region
      .getByRole('button', { name: /^Explain “Recommendation: .* by itself$/ })
      .click();
    await panel.insight('What led to');
    await panel.mapped();
    expect(await shares()).toEqual(plain);

    await panel.insight('Why not');
    const considered = panel.region.getByRole('list', {
      name: 'The model’s alternatives'
    });
    await considered.getByRole('button').first().click();
    await panel.insight('What led to');
    await expect(panel.topSegments).toHaveAccessibleName(/rather than/);
    await panel.mapped();
    await panel.target.focus();
    await page.keyboard.press('Escape');
    await expect(panel.target).toHaveCount(0);
  });

  await test.step('where the model hesitated', async () => {
    // The model is too sure about dishes.
    await panel.edit.click();
    await panel.prompt.fill('Once upon a time');
    await panel.generate(/./);
    const answer = await panel.answer.textContent();
    await panel.region.getByRole('button', { name: 'Surprisal' }).click();
    const marks = panel.answer.locator('.lit-surprisal');
    await expect(marks.first()).toBeVisible();
    // The text is the same, and the prompt has no such marks.
    expect(await panel.answer.textContent()).toBe(answer);
    await expect(panel.region.locator('.lit-surprisal')).toHaveCount(
      await marks.count()
    );
    const list = panel.region.getByRole('list', {
      name: 'Where the model hesitated'
    });
    const first = list.getByRole('button').first();
    await expect(first).toContainText(/or “.+” \d/);
    await first.click();
    await panel.mapped();
    await expect(panel.target).toHaveCount(1);
  });
});
