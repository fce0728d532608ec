/** The panel without a prompt, with a map, with a long prompt, and with an error. */
import { expect, test } from '@jupyterlab/galata';

import {
  ADVICE,
  analyzeAt,
  COLD,
  explained,
  line,
  NO_KERNEL,
  openNotebook,
  Panel,
  servicePid
} from '../tests/lab';
import { compare, makeRoom } from './pictures';

/** A prompt that is longer than any view of it. */
const BLOCK =
  "Taste-likes: I've a sweet-tooth\nTaste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\n" +
  "Analysis: it has cooked onions in it, which you don't like.\nRecommendation: Avoid.\n\n";
const LONG = `${BLOCK.repeat(7)}Taste-likes: Cheese\nTaste-dislikes: Can't eat eggs\nSuggestion: Quiche Lorraine\nAnalysis:`;

test.beforeEach(async ({ page, request }) => {
  test.slow();
  await request.post('/lit-lab/api/service/start');
  await servicePid(request);
  await makeRoom(page);
});

test('empty', async ({ page }) => {
  const panel = new Panel(page);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await expect(panel.region).toBeVisible();
  await expect(panel.region.locator('.lit-model')).toHaveAttribute(
    'data-state',
    'ready',
    { timeout: COLD }
  );
  await compare(page, 'empty');
});

test('map', async ({ page, tmpPath }) => {
  const { panel } = await explained(page, tmpPath);
  await expect(panel.target).toHaveText(ADVICE);
  await expect(
    panel.region.locator('.lit-ranks[data-effects="true"]')
  ).toBeVisible({ timeout: COLD });
  await compare(page, 'map');
});

test('long', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, NO_KERNEL);
  await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
  await panel.prompt.fill(LONG);
  await panel.generate(/Recommendation/);
  await panel.mapped();
  await expect(
    panel.region.locator('.lit-ranks[data-effects="true"]')
  ).toBeVisible({ timeout: COLD });
  await compare(page, 'long');
});

test('error', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, NO_KERNEL);
  await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
  await panel.prompt.fill(BLOCK.repeat(30));
  await panel.run.click();
  await expect(panel.alert).toBeVisible({ timeout: COLD });
  await compare(page, 'error');
});
