/** Two runs side by side, and a prompt tried without one of its sentences. */
import { expect, test } from './galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { emptyHistory } from './busy';
import {
  analyzeAt,
  COLD,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from './lab';

const MISTAKE = 'Recommendation: You have to try it.';

/** Return the page's comparison as JupyterLab's server stores it. The page sends changes with a delay. */
async function keptComparison(page: IJupyterLabPageFixture): Promise<string> {
  return page.evaluate(async () => {
    const { workspaces } = window.jupyterapp.serviceManager;
    const { data } = await workspaces.fetch('default');
    const named = Object.entries(data).filter(([name]) =>
      name.startsWith('lit-lab-compare:')
    );
    const layout = JSON.stringify(data['layout-restorer:data'] ?? null);
    const [name, state] = named.at(-1) ?? ['', null];
    return layout.includes(name) ? JSON.stringify(state) : '';
  });
}

/** A comparison's tab. */
class Comparison {
  constructor(page: IJupyterLabPageFixture) {
    this.region = page.getByRole('region', { name: /^Comparison/ });
    this.a = this.region.getByRole('region', { name: /^A:/ });
    this.b = this.region.getByRole('region', { name: /^B:/ });
  }

  readonly region: Locator;
  readonly a: Locator;
  readonly b: Locator;

  view(name: string): Locator {
    return this.region.getByRole('radio', { name, exact: true });
  }

  /** A sentence of a side's answer. */
  said(side: Locator, text: string | RegExp): Locator {
    return side
      .getByRole('group', { name: 'Answer', exact: true })
      .locator('[data-segment]')
      .filter({ hasText: text });
  }

  /** Wait until both sides are explained. */
  async explained(): Promise<void> {
    await expect(this.region.locator('[data-target="true"]')).toHaveCount(2, {
      timeout: COLD
    });
    await this.view('Difference of maps').click();
    await expect(
      this.region.getByRole('list', { name: 'What changed most' })
    ).toBeVisible({ timeout: COLD });
  }
}

test.beforeEach(({ request }) => emptyHistory(request));

test('a guess becomes a test: the prompt runs without a sentence of it', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  const comparison = new Comparison(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(MISTAKE);
  await panel.explain(MISTAKE);
  const prompt = await panel.segments('Prompt').allTextContents();

  // One click beside the sentence with the highest score.
  await panel.topSegments
    .getByRole('button', { name: `Try without “${MISTAKE}”` })
    .first()
    .click();
  await expect(comparison.b).toContainText('Without “Recommendation');
  await expect(comparison.said(comparison.b, 'Avoid')).toBeVisible({
    timeout: COLD
  });
  await expect(comparison.region).toContainText('1 sentence only in A');
  // Both sides explain the same target.
  await comparison.explained();
  const first = comparison.region
    .getByRole('list', { name: 'What changed most' })
    .getByRole('listitem')
    .first();
  await expect(first).toContainText('only in A');

  // Prompt and run haven't changed, and the history has the trial with its name.
  expect(await panel.segments('Prompt').allTextContents()).toEqual(prompt);
  await expect(panel.answer).toContainText('You have to try it.');
  let history = await panel.show('History');
  await expect(history.getByRole('listitem')).toHaveCount(2);
  await expect(history).toContainText(`Without “${MISTAKE}”`);

  // With only the keyboard.
  await panel.show('Analysis');
  const sentence = panel.segments('Prompt', 'Recommendation: Likely good.');
  await sentence.focus();
  await page.keyboard.press('Delete');
  await expect(
    page.getByRole('tab', { name: /Without “Recommendation: L/ })
  ).toBeVisible();
  history = await panel.show('History');
  await expect(history.getByRole('listitem')).toHaveCount(3, { timeout: COLD });

  await test.step('another text in a part’s place', async () => {
    await panel.show('Analysis');
    const pencil = panel.topSegments
      .getByRole('button', {
        name: `Try with another text instead of “${MISTAKE}”`
      })
      .first();
    await pencil.click();
    const field = panel.region.getByRole('textbox', {
      name: 'Text to try instead'
    });
    await expect(field).toBeFocused();
    await expect(field).toHaveValue(MISTAKE);
    await page.keyboard.press('Escape');
    await expect(pencil).toBeFocused();
    await pencil.press('Enter');
    // The old text is selected.
    await page.keyboard.insertText('Recommendation: Avoid.');
    await page.keyboard.press('Shift+Enter');
    const name = `“Recommendation: Avoid.” instead of “${MISTAKE}”`;
    const b = page.getByRole('region', { name: `B: ${name}` });
    await expect(
      comparison.said(b, /Recommendation: Avoid/).first()
    ).toBeVisible({ timeout: COLD });
    await expect(b.getByRole('group', { name: 'Prompt' })).toContainText(
      "which you don't like.\nRecommendation: Avoid.\n"
    );
    history = await panel.show('History');
    await expect(history.getByRole('listitem')).toHaveCount(4, {
      timeout: COLD
    });
    await expect(history).toContainText(name);
  });

  await test.step('several parts at once', async () => {
    await panel.show('Analysis');
    await panel
      .segments('Prompt', 'Recommendation: Likely good.')
      .click({ modifiers: ['ControlOrMeta'] });
    await panel.topSegments
      .getByRole('checkbox', { name: `Mark “${MISTAKE}”` })
      .first()
      .check();
    const sweet = panel.segments('Prompt', 'Analysis: Sweet');
    await sweet.focus();
    await page.keyboard.press('Space');
    await expect(sweet).toHaveAttribute('aria-pressed', 'true');
    // The marks stay when the target changes.
    await panel.segments('Answer').first().click();
    await panel.region
      .getByRole('button', { name: 'Try without these 3 parts' })
      .click();
    const b = page.getByRole('region', { name: /^B: Without 3 parts:/ });
    await expect(comparison.said(b, 'Recommendation').first()).toBeVisible({
      timeout: COLD
    });
    await expect(b.getByRole('group', { name: 'Prompt' })).not.toContainText(
      'Likely good'
    );
    await panel.region.getByRole('button', { name: 'Clear marks' }).click();
    await expect(panel.region.locator('[data-marked]')).toHaveCount(0);
    // Otherwise these runs would end up in the next test's history.
    history = await panel.show('History');
    await expect(history.getByRole('listitem')).toHaveCount(5, {
      timeout: COLD
    });
  });
});

test('two runs of the history side by side, without the model @long', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  const comparison = new Comparison(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(MISTAKE);
  await panel.explain(MISTAKE);
  await panel.edit.click();
  const text = await panel.prompt.inputValue();
  await panel.prompt.fill(text.replace(MISTAKE, 'Recommendation: Avoid.'));
  await panel.generate('Avoid');

  // The previous run is one click away.
  await panel.region
    .getByRole('button', { name: 'Compare with the run before' })
    .click();
  await expect(comparison.said(comparison.a, MISTAKE)).toBeVisible();
  await expect(comparison.said(comparison.b, 'Avoid')).toBeVisible();
  await expect(comparison.region).toContainText('Prompt: 1 sentence changed');
  await expect(comparison.a.locator('.lit-word').first()).toHaveText(
    'You have to try it'
  );
  await page.getByRole('tab', { name: /↔/ }).getByTitle('Close').click();

  // So are any two runs of the history, without a model.
  const history = await panel.show('History');
  const runs = history.getByRole('listitem');
  await expect(runs).toHaveCount(2);
  await expect
    .poll(
      async () => {
        const found = await request.post('/lit-lab/api/runs/search', {
          data: {}
        });
        const { runs } = await found.json();
        return runs.every((run: { scores: number }) => run.scores >= 4);
      },
      { timeout: COLD }
    )
    .toBe(true);
  const pid = await servicePid(request);
  process.kill(pid, 'SIGSTOP');
  await runs.nth(1).hover();
  await runs
    .nth(1)
    .getByRole('button', { name: /^Compare .* with…/ })
    .click();
  await runs
    .nth(0)
    .getByRole('button', { name: /^Compare with/ })
    .click();
  await comparison.said(comparison.a, MISTAKE).click();
  await expect(
    comparison.b.getByText('Target: the most similar to the other side’s.')
  ).toBeVisible();
  await comparison.explained();
  process.kill(pid, 'SIGCONT');
});

test.describe('what was kept of the page', () => {
  // By default Galata holds the layout back from the server, and loses it with the page.
  test.use({ mockState: false });

  test('another text beside the answer: saved as a page, and there again after a reload @long', async ({
    page,
    tmpPath
  }) => {
    test.slow();
    const panel = new Panel(page);
    const comparison = new Comparison(page);
    await openNotebook(page, tmpPath, TUTORIAL);
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await panel.generate(MISTAKE);
    await panel.explain(MISTAKE);
    const toggle = panel.region.getByRole('button', {
      name: 'What would make it say …?'
    });
    await toggle.click();
    await panel.region
      .getByRole('textbox', { name: 'Text to explain' })
      .fill('It has eggs in it.\nRecommendation: Avoid.');
    await panel.region
      .getByRole('button', { name: 'Compare with the typed text' })
      .click();
    const forced = comparison.b
      .getByRole('group', { name: 'Forced answer' })
      .locator('[data-segment]');
    await expect(forced.last()).toContainText('Avoid.', { timeout: COLD });
    // Both maps, of matching targets.
    await expect(comparison.view('Both maps')).toBeChecked();
    await expect(comparison.region.locator('[data-target="true"]')).toHaveCount(
      2
    );
    for (const side of [comparison.a, comparison.b]) {
      await expect(side.locator('[data-rank="1"]')).toHaveCount(1, {
        timeout: COLD
      });
    }
    await expect(comparison.b).toContainText('forced answer');
    // The panel still shows the answer.
    await expect(panel.answer).toContainText(MISTAKE);

    const download = page.waitForEvent('download');
    await comparison.region
      .getByRole('button', { name: 'Save as page' })
      .click();
    expect((await download).suggestedFilename()).toMatch(/\.html$/);

    const target = await comparison.a
      .locator('[data-target="true"]')
      .textContent();
    await expect.poll(() => keptComparison(page)).toContain('"right":"');
    await page.evaluate(() => window.location.reload());
    await expect(forced.last()).toContainText('Avoid.', { timeout: COLD });
    await expect(comparison.view('Both maps')).toBeChecked();
    await expect(comparison.a.locator('[data-target="true"]')).toHaveText(
      target!
    );
    await expect(comparison.b.locator('[data-rank="1"]')).toHaveCount(1, {
      timeout: COLD
    });
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('application:close-all');
    });
  });
});
