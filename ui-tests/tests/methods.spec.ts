/** Methods other than the gradients that are computed by themselves; tests of maps; sampling. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from './galata';

import { ADVICE, COLD, explained } from './lab';

/** The address of new jobs, and of estimates; JupyterLab adds a number. */
const JOBS = /\/lit-lab\/api\/jobs(\?|$)/;
const JOBS_AND_ESTIMATES = /\/lit-lab\/api\/(jobs|estimate)(\?|$)/;

/** A model that is slow at effects, as far as the page can see. */
class SlowEffects {
  /** Whether the first job ends early, and the jobs that continue it wait. */
  isHeld = false;
  /** Whether estimates say that effects take minutes. */
  isSlow = false;

  async join(page: IJupyterLabPageFixture): Promise<void> {
    await page.route(JOBS_AND_ESTIMATES, async route => {
      const request = route.request();
      const body = request.method() === 'POST' ? request.postDataJSON() : null;
      if (this.isSlow && body?.request?.kind === 'effects') {
        await route.fulfill({ json: { passes: 72, seconds: 500 } });
      } else if (!this.isHeld || body?.kind !== 'effects') {
        await route.continue();
      } else if (body.skip === 0) {
        const postData = JSON.stringify({ ...body, seconds: 0.001 });
        await route.continue({ postData });
      } else {
        await new Promise<void>(go => this._held.push(go));
        await route.continue();
      }
    });
  }

  /** Release the waiting requests. */
  release(): void {
    this.isHeld = false;
    this._held.splice(0).forEach(go => go());
  }

  private readonly _held: (() => void)[] = [];
}

/** The kinds of the jobs that the page starts. */
function watchJobs(page: IJupyterLabPageFixture): string[] {
  const kinds: string[] = [];
  page.on('request', request => {
    const { pathname } = new URL(request.url());
    if (request.method() === 'POST' && pathname.endsWith('/api/jobs')) {
      kinds.push(request.postDataJSON().kind);
    }
  });
  return kinds;
}

test('methods, tests of maps, and other answers @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const { panel } = await explained(page, tmpPath);

  await test.step('how sure the model was of a token', async () => {
    await panel.region.getByRole('radio', { name: 'Tokens' }).click();
    await panel.segments('Answer').nth(3).hover();
    await expect(page.getByRole('tooltip')).toContainText(/probability \d+/);
    expect(
      await page.getByRole('tooltip').getByRole('row').count()
    ).toBeGreaterThan(1);
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.segments('Answer').first().hover();
    await expect(page.getByRole('tooltip')).toContainText(/lowest \d+/);
  });

  const jobs = watchJobs(page);

  await test.step('integrated gradients tell how much they explain', async () => {
    await panel.compute('Integrated gradients');
    await panel.mapped();
    await expect(
      panel.region.getByText(/explains [\d.]+% of the change|off by [\d.]+%/)
    ).toBeVisible();
    expect(jobs).toEqual(['salience']);
    // Scores of tokens serve all granularities.
    await panel.region.getByRole('radio', { name: 'Words' }).click();
    await panel.mapped();
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    expect(jobs).toEqual(['salience']);
  });

  await test.step('flow shows shares of what attention reads', async () => {
    await panel.compute('Flow');
    await panel.mapped();
    await expect(panel.region).toContainText('Not a gradient');
    await expect(panel.topSegments).toContainText(/\d+%/);
    expect(jobs.splice(1)).toEqual(['salience']);
  });

  await test.step('leave one out says that it is no gradient, and scores in nats', async () => {
    await panel.compute('Leave one out');
    await panel.mapped();
    await expect(panel.region).toContainText('Not a gradient');
    await expect(panel.topSegments).toContainText(/[+−]\d+\.\d+ nats/);
    expect(jobs).toEqual(['salience', 'ablation']);
  });

  await test.step('SHAP tells its standard error', async () => {
    await panel.compute('SHAP');
    await expect(panel.topSegments).toContainText(
      /[+−]\d+\.\d+ ± \d+\.\d+ nats/
    );
  });

  await test.step('coming back costs no job; other segments do', async () => {
    const before = jobs.length;
    await panel.method.selectOption('Leave one out');
    await panel.mapped();
    await panel.method.selectOption('grad · input');
    await panel.mapped();
    expect(jobs).toHaveLength(before);
    await panel.method.selectOption('Leave one out');
    await panel.region.getByRole('radio', { name: 'Paragraphs' }).click();
    await expect
      .poll(async () => (await panel.offer.isVisible()) || jobs.length > before)
      .toBe(true);
  });

  await test.step('whether a map is faithful', async () => {
    await panel.method.selectOption('L2 norm');
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.mapped();
    await panel.insight('Trust');
    // The button for effects also says how many passes they would take.
    await expect(
      panel.region
        .locator('.lit-faithfulness')
        .getByText(/passes through the model/)
    ).toBeVisible();
    await panel.region.getByRole('button', { name: 'Test this map' }).click();
    for (const name of [/^Taking away/, /^Putting in/]) {
      await expect(panel.region.getByRole('img', { name })).toBeVisible({
        timeout: COLD
      });
    }
    await expect(
      panel.region.getByText(/Score −?\d+ of 100; random orders: 0 ± \d+/)
    ).toBeVisible({ timeout: COLD });
    await expect(panel.region.getByText(/A little noise/)).toBeVisible();
    // Both gradients came with the answer, so they are compared at once.
    await expect(
      panel.region.getByRole('list', { name: 'Other maps of this target' })
    ).toContainText('grad · input');
  });

  await test.step('a sampled answer, and the same one again by its seed', async () => {
    await panel.insight('Options');
    await panel.region.getByLabel('Temperature').fill('1.5');
    await panel.region.getByLabel('Seed').fill('3');
    await expect(panel.region).toContainText(
      'Next answer: temperature 1.5, seed 3'
    );

    /** Run the prompt, and return the answer. */
    const sampled = async () => {
      await panel.generate(/./);
      return panel.answer.textContent();
    };
    const greedy = await panel.answer.textContent();
    const first = await sampled();
    await expect(
      panel.region.locator('.lit-facts'),
      'the run says how it was made'
    ).toContainText('temperature 1.5, seed 3');
    expect(first).not.toBe(greedy);
    await panel.region.getByLabel('Seed').fill('4');
    expect(await sampled()).not.toBe(first);
    await panel.region.getByLabel('Seed').fill('3');
    expect(await sampled()).toBe(first);
  });

  await test.step('an answer that stops at a text, and says so', async () => {
    await panel.region.getByLabel('Temperature').fill('0');
    const field = panel.region.getByRole('textbox', { name: 'Stop at' });
    await field.fill('Recommendation:');
    await field.press('Enter');
    await expect(
      panel.region.getByRole('button', { name: 'Remove “Recommendation:”' })
    ).toBeVisible();
    await panel.ask();
    await expect(panel.region.locator('.lit-facts')).toContainText(
      'ended before “Recommendation:”',
      { timeout: COLD }
    );
    await expect(panel.answer).not.toContainText('Recommendation');
  });
});

test('effects of the sentences of a prompt', async ({ page, tmpPath }) => {
  test.slow();
  const { panel } = await explained(page, tmpPath);
  const { region } = panel;
  const slow = new SlowEffects();
  await slow.join(page);
  const jobs = watchJobs(page);
  const start = region.getByRole('button', { name: 'Compute effects' });
  const effects = region.locator('.lit-ranks-effect');

  await test.step('a budget of 0 waits for a click', async () => {
    await expect(start).toBeVisible();
    await expect(effects).toHaveCount(0);
    expect(jobs).toEqual([]);
    await start.click();
    await expect(effects.first()).toHaveText(/^[\d.]+% → [\d.]+%$/, {
      timeout: COLD
    });
    await expect(
      region.getByText(/^Reliability of these effects: (good|fair|weak)\./)
    ).toBeVisible({ timeout: COLD });
    await expect(
      region.getByRole('progressbar', { name: 'Computing effects' })
    ).toHaveCount(0, { timeout: COLD });
    await expect(start).toHaveCount(0);
    expect(new Set(jobs)).toEqual(new Set(['effects']));
  });

  await test.step('shades follow either, without a job', async () => {
    const count = jobs.length;
    const flow = region.locator('.lit-text');
    await expect(flow).toHaveAttribute('data-signed', 'true');
    await region.getByRole('radio', { name: 'Share', exact: true }).click();
    await expect(flow).toHaveAttribute('data-signed', 'false');
    await expect(region.getByText(/^Reliability of this map: /)).toBeVisible();
    await region.getByRole('radio', { name: 'Effect', exact: true }).click();
    await expect(flow).toHaveAttribute('data-signed', 'true');
    expect(jobs).toHaveLength(count);
  });

  await test.step('averages, and more random deletions on request', async () => {
    const before = jobs.length;
    await region.getByRole('radio', { name: 'Average', exact: true }).click();
    await expect(
      region.getByText(/^Averages over 32 random deletions/)
    ).toBeVisible();
    await expect(effects.first()).toHaveText(/^[+−]\d+\.\d+ nats$/);
    await expect(
      region.getByText(/^Reliability of these averages: (good|fair|weak)\./)
    ).toBeVisible();
    expect(jobs).toHaveLength(before);
    await region
      .getByRole('button', { name: 'Try 32 more random deletions' })
      .click();
    await expect(
      region.getByText(/^Averages over 64 random deletions/)
    ).toBeVisible({ timeout: COLD });
    await expect(
      region.getByRole('button', { name: /^Try \d+ more/ })
    ).toHaveCount(0);
    await region.getByRole('radio', { name: 'Effect', exact: true }).click();
  });

  await test.step('two parts together', async () => {
    await region
      .getByRole('button', { name: 'Try the strongest parts in pairs' })
      .click();
    const pairs = region.getByRole('list', { name: 'Two parts together' });
    await expect(pairs.getByRole('listitem').first()).toHaveText(
      /^line \d+ .* and line \d+ .* together: (more|less) than the two alone\. Without both: [\d.]+% → [\d.]+%/,
      { timeout: COLD }
    );
    await expect(pairs.getByRole('listitem').first()).toHaveAttribute(
      'title',
      /nats/
    );
  });

  await test.step('what a trial does, before it runs', async () => {
    const strongest = panel
      .segments('Prompt')
      .nth(await panel.strongestOfPrompt());
    const before = jobs.length;
    await strongest.scrollIntoViewIfNeeded();
    await strongest.hover();
    await expect(region.locator('.lit-try-effect')).toHaveText(
      /^[\d.]+% → [\d.]+%$/
    );
    expect(jobs).toHaveLength(before);
  });

  await test.step('the matrix shows them without a job', async () => {
    const before = jobs.length;
    await region.getByRole('button', { name: 'Matrix' }).click();
    const matrix = page.locator('#lit-lab-matrix');
    await expect(
      matrix.getByRole('radio', { name: 'Effect', exact: true })
    ).toBeChecked();
    await expect(matrix.getByRole('gridcell').first()).toHaveAttribute(
      'aria-label',
      / points?$/
    );
    await matrix.getByRole('radio', { name: 'Share', exact: true }).click();
    await expect(matrix.getByRole('gridcell').first()).toHaveAttribute(
      'aria-label',
      /%$/
    );
    expect(jobs).toHaveLength(before);
  });

  await test.step('cancelled, they stay, and continue', async () => {
    slow.isHeld = true;
    await panel.generate(ADVICE);
    await panel.explain(ADVICE);
    await start.click();
    const bar = region.getByRole('progressbar', { name: 'Computing effects' });
    // Neighbouring sets are scored together.
    await expect(bar).toHaveAttribute('value', /^[1-9]/, { timeout: COLD });
    const known = Number(await bar.getAttribute('value'));
    await region
      .locator('.lit-effects')
      .getByRole('button', { name: 'Cancel' })
      .click();
    await expect(bar).toHaveCount(0);
    await expect(start).toBeVisible();
    await expect(effects).toHaveCount(0);
    slow.release();
    const continued = page.waitForRequest(
      request =>
        JOBS.test(request.url()) &&
        request.method() === 'POST' &&
        request.postDataJSON().kind === 'effects'
    );
    await start.click();
    expect((await continued).postDataJSON().skip).toBe(known);
    await expect(effects.first()).toBeVisible({ timeout: COLD });
  });

  await test.step('above the budget they wait for a click, with their cost', async () => {
    slow.isSlow = true;
    await panel.insight('Options');
    await region.getByLabel('Seconds for effects').fill('60');
    await panel.insight('What led to');
    jobs.length = 0;
    await panel.generate(ADVICE);
    await panel.explain(ADVICE);
    await expect(region.locator('.lit-effects')).toContainText(
      'about 72 passes through the model, 8 min'
    );
    expect(jobs).not.toContain('effects');
    await start.click();
    await expect(effects.first()).toBeVisible({ timeout: COLD });
    slow.isSlow = false;
  });

  await test.step('a budget computes them behind the next answer', async () => {
    jobs.length = 0;
    await panel.generate(ADVICE);
    await panel.explain(ADVICE);
    await expect(effects.first()).toBeVisible({ timeout: COLD });
    expect(jobs.slice(0, 3)).toEqual(['generate', 'salience', 'effects']);
  });

  await test.step('a map that puts other parts first says so', async () => {
    await panel.method.selectOption('grad · input');
    await panel.segments('Answer').first().click();
    await expect(region.locator('.lit-effects-words')).toHaveText(
      /^(The map ranks|The target changes most).*line \d+ \(“/,
      { timeout: COLD }
    );
  });
});
