/** Effects of a long prompt: its paragraphs first, then the sentences of those that matter. */
import { expect, test } from '@jupyterlab/galata';

import { COLD, Panel, still } from './lab';

/** Eleven paragraphs of five sentences that say nothing of soups, and LIT's example behind them. */
const PROMPT = [
  ...Array.from({ length: 11 }, (_, i) =>
    [1, 2, 3, 4, 5].map(n => `The train ${i}${n} is late.`).join(' ')
  ),
  'Analyze a menu item in a restaurant. Taste-likes: I do not like onions. ' +
    'Taste-dislikes: I like cake. Suggestion: Onion soup.\nAnalysis:'
].join('\n\n');

test('a prompt of twelve paragraphs', async ({ page, tmpPath }) => {
  test.slow();
  const path = `${tmpPath}/long.ipynb`;
  await page.contents.uploadContent(
    JSON.stringify({
      cells: [
        {
          cell_type: 'code',
          execution_count: null,
          id: 'long',
          metadata: {},
          outputs: [],
          source: `prompt = """${PROMPT}"""`
        }
      ],
      metadata: {},
      nbformat: 4,
      nbformat_minor: 5
    }),
    'text',
    path
  );
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, path);
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'No Kernel' })
    .click();
  await expect(page.getByRole('main').locator('.jp-Notebook')).toBeVisible();
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:analyze-prompt');
  });
  const panel = new Panel(page);
  const { region } = panel;
  await region.getByRole('button', { name: 'Options' }).click();
  await region.getByLabel('Seconds for effects').fill('1');
  await region.getByRole('button', { name: 'Options' }).click();
  const segments: number[] = [];
  page.on('request', request => {
    const { pathname } = new URL(request.url());
    if (request.method() === 'POST' && pathname.endsWith('/api/jobs')) {
      const body = request.postDataJSON();
      if (body.kind === 'effects') {
        segments.push(body.segments.length);
      }
    }
  });
  await panel.run.click();
  await expect(panel.segments('Answer').first()).toHaveAttribute(
    'aria-disabled',
    'false',
    { timeout: COLD }
  );
  await panel.segments('Answer').first().click();
  await panel.mapped();

  await test.step('says what it spares, and computes on a click', async () => {
    const start = region.getByRole('button', { name: 'Compute effects' });
    await expect(start).toBeVisible({ timeout: COLD });
    await expect(
      region.getByText(/its paragraphs are deleted first/)
    ).toBeVisible();
    await start.click();
    await expect(
      region.getByText(/^\d+ sentences were looked into\. \d+ were not/)
    ).toBeVisible({ timeout: COLD });
    await expect(
      region.getByRole('progressbar', { name: 'Computing effects' })
    ).toHaveCount(0, { timeout: COLD });
    expect(segments[0]).toBe(12);
    expect(segments[segments.length - 1]).toBeLessThan(60);
  });

  await test.step('a sentence that was not looked into says so', async () => {
    const other = panel.segments('Prompt', 'The train 01 is late.').first();
    await other.hover();
    await expect(
      page.getByText(/not looked into: its paragraph changes little/).first()
    ).toBeAttached();
    await still(page);
  });
});
