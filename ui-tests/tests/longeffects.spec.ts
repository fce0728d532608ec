/** Effects of a long prompt: paragraphs first, then the sentences of those that matter. */
import { expect, test } from './galata';

import { analyzeCell } from './cells';
import { COLD, still } from './lab';

const FOODS = ['eggs', 'cake', 'ham', 'soup', 'rice', 'fish'];

/** Eleven paragraphs of six sentences, followed by one like LIT's examples. */
const PROMPT = [
  ...[
    'I',
    'You',
    'We',
    'They',
    'Men',
    'All',
    'Kids',
    'Dogs',
    'Cats',
    'Some',
    'Few'
  ].map(who => FOODS.map(food => `${who} like ${food}.`).join(' ')),
  'Analyze a menu item in a restaurant. Taste-likes: I do not like onions. ' +
    'Taste-dislikes: I like cake. Suggestion: Onion soup.\nAnalysis:'
].join('\n\n');

test('a prompt of twelve paragraphs @long', async ({ page, tmpPath }) => {
  test.slow();
  const panel = await analyzeCell(page, tmpPath, `prompt = """${PROMPT}"""`);
  const { region } = panel;
  await panel.insight('Options');
  await region.getByLabel('Seconds for effects').fill('1');
  await panel.insight('What led to');
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
  await panel.ask();
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
    const other = panel.segments('Prompt', 'Dogs like eggs.').first();
    await other.hover();
    await expect(
      page.getByText(/not looked into: its paragraph changes little/).first()
    ).toBeAttached();
    await still(page);
  });
});
