/** How many clicks the most common tasks take, and what is then in view at 1280 × 800: the table of docs/architecture.md. */
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import {
  ADVICE,
  analyzeAt,
  COLD,
  line,
  NO_KERNEL,
  openNotebook,
  Panel,
  TUTORIAL
} from '../tests/lab';

test.use({ viewport: { width: 1280, height: 800 } });
test.describe.configure({ timeout: 4 * COLD });

/** How many elements are fully in view, with all of their text. */
async function whole(rows: Locator): Promise<number> {
  return rows.evaluateAll(
    all =>
      all.filter(row => {
        const { top, bottom } = row.getBoundingClientRect();
        let isWhole = bottom > top;
        const panel = row.closest('.lit-panel');
        for (
          let at = row.parentElement;
          at && at !== panel?.parentElement;
          at = at.parentElement
        ) {
          const { overflowY } = getComputedStyle(at);
          const frame = at.getBoundingClientRect();
          isWhole &&=
            overflowY === 'visible' ||
            (top >= frame.top - 0.5 && bottom <= frame.bottom + 0.5);
        }
        const text = row.querySelector('.lit-ranks-text');
        const isCut =
          text !== null &&
          (text.scrollWidth > text.clientWidth + 1 ||
            text.scrollHeight > text.clientHeight + 1);
        return isWhole && !isCut;
      }).length
  );
}

test('clicks, and what is in view', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  const table: [string, number | string, string][] = [];
  let clicks = 0;
  const click = async (element: Locator) => {
    clicks += 1;
    await element.click();
  };
  const count = () => {
    const before = clicks;
    return () => clicks - before;
  };
  const rows = panel.region.locator('.lit-insight .lit-ranks-item');
  const ranked = async () =>
    `${await whole(rows)} of ${await rows.count()} ranked rows in full words`;
  const effects = panel.region.locator('.lit-ranks[data-effects="true"]');

  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(ADVICE);
  const { width, height } = (await panel.region.boundingBox())!;

  const map = count();
  await panel.mapped();
  await expect(panel.target).toHaveText(ADVICE);
  await expect(panel.target.first()).toBeInViewport({ ratio: 1 });
  table.push([
    'see the map, once the answer is there',
    map(),
    `the target; ${await ranked()}`
  ]);
  await expect(effects).toBeVisible({ timeout: COLD });
  table.push(['see ranks 1 to 5, with effects', map(), await ranked()]);

  const whyNot = count();
  await click(panel.region.getByRole('tab', { name: 'Why not', exact: true }));
  const choices = panel.region.locator('.lit-choice-row');
  await expect(choices.first()).toBeVisible();
  table.push([
    'ask why not something else',
    whyNot(),
    `${await whole(choices)} of ${await choices.count()} alternatives`
  ]);

  const trust = count();
  await click(panel.region.getByRole('tab', { name: 'Trust', exact: true }));
  const verdict = panel.region.getByRole('button', { name: 'Test this map' });
  await expect(verdict).toBeInViewport({ ratio: 1 });
  table.push([
    'see how far to trust the map',
    trust(),
    'the button of the test'
  ]);
  await panel.insight('What led to');

  const trial = count();
  await click(
    panel.topSegments.getByRole('button', { name: /^Try without/ }).first()
  );
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
    timeout: COLD
  });
  table.push([
    'try without the first ranked part of the prompt',
    trial(),
    'both answers side by side, with both maps'
  ]);

  const other = count();
  await click(panel.region.getByRole('tab', { name: 'History', exact: true }));
  const runs = panel.region.locator('.lit-row:visible');
  await expect(runs.first()).toBeVisible();
  table.push([
    'see earlier runs, to compare',
    other(),
    `${await whole(runs)} runs`
  ]);
  await panel.show('Analysis');

  // Other prompts, with other lengths.
  await openNotebook(page, tmpPath, NO_KERNEL);
  const datasets = await panel.show('Datasets');
  const sources = datasets.getByRole('combobox', { name: 'Filter by source' });
  await expect(sources).toBeVisible({ timeout: COLD });
  for (const name of await sources.locator('option').allTextContents()) {
    if (/^All/.test(name)) {
      continue;
    }
    await panel.show('Datasets');
    await sources.selectOption({ label: name });
    await datasets
      .getByRole('list', { name: 'Prompts' })
      .getByRole('button')
      .first()
      .click();
    await panel.answered(/\S/);
    await panel.mapped();
    await expect(effects).toBeVisible({ timeout: COLD });
    table.push([`see the map of ${name}`, 1, await ranked()]);
  }

  console.log(
    [
      `The panel is ${width} × ${height} px.`,
      '| To … | clicks | in view |',
      '| --- | --- | --- |',
      ...table.map(row => `| ${row.join(' | ')} |`)
    ].join('\n')
  );
});
