/** The panel's zones: Run never moves, views keep their state, and the insight is below the text or beside it. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from './galata';
import type { Locator } from '@playwright/test';

import { occupy, release } from './busy';
import {
  ADVICE,
  analyzeAt,
  COLD,
  explained,
  kept,
  line,
  openNotebook,
  Panel,
  PANEL_OPEN,
  servicePid,
  TUTORIAL
} from './lab';

/** Make the side panel this wide, by dragging its edge. */
async function widen(
  page: IJupyterLabPageFixture,
  panel: Panel,
  to: number
): Promise<void> {
  const { x, y, width } = (await panel.region.boundingBox())!;
  await page.mouse.move(x - 3, y + 400);
  await page.mouse.down();
  await page.mouse.move(x - 3 + width - to, y + 400, { steps: 8 });
  await page.mouse.up();
  await expect
    .poll(async () => (await panel.region.boundingBox())!.width)
    .toBeGreaterThan(to - 10);
}

async function boxOf(element: Locator) {
  await expect(element).toBeVisible();
  return (await element.boundingBox())!;
}

test('Run never moves; an answer explains itself', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await servicePid(request);
  await openNotebook(page, tmpPath, TUTORIAL);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await expect(panel.prompt).toBeVisible();
  const place = await boxOf(panel.run);
  const history = panel.region.getByRole('tab', { name: 'History' });
  const tab = await boxOf(history);

  await test.step('with a prompt that has fields', async () => {
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
    expect(await boxOf(panel.run)).toEqual(place);
  });

  await test.step('with an answer that waits, and comes', async () => {
    const other = await occupy(page.request);
    try {
      await panel.ask();
      await expect(panel.region.locator('.lit-waiting-message')).toContainText(
        'position',
        { timeout: COLD }
      );
      const { x, y, height } = await boxOf(panel.stop);
      expect({ x, y, height }).toEqual({
        x: place.x,
        y: place.y,
        height: place.height
      });
      expect(await boxOf(history)).toEqual(tab);
    } finally {
      await release(page.request, other);
    }
    await panel.answered(ADVICE);
    expect(await boxOf(panel.run)).toEqual(place);
  });

  await test.step('the last sentence is the target, and a sentence says what led to it', async () => {
    await panel.mapped();
    await expect(panel.target).toHaveText(ADVICE);
    const insight = panel.region.getByRole('tabpanel', { name: 'What led to' });
    const first = panel.topSegments.getByRole('listitem').first();
    await expect(first).toContainText(ADVICE);
    const share = /\d[\d.]*%/.exec((await first.textContent())!)![0];
    await expect(insight.getByText(/^Mostly line \d+/)).toContainText(share);
    expect(await boxOf(panel.run)).toEqual(place);
  });
});

test.describe('what was kept of the page', () => {
  // By default Galata holds the layout back from the server, and loses it with the page.
  test.use({ mockState: false });

  test('views stay as they were; the insight has a height of one’s own, and is beside the text where there is room @long', async ({
    page,
    tmpPath
  }) => {
    test.slow();
    const { panel } = await explained(page, tmpPath);

    await test.step('place and search of a view', async () => {
      const datasets = await panel.show('Datasets');
      const search = datasets.getByRole('searchbox');
      await expect(search).toBeVisible({ timeout: COLD });
      await search.fill('fewshot');
      const rows = datasets
        .getByRole('list', { name: 'Prompts' })
        .getByRole('listitem');
      await expect(rows.first()).toContainText('fewshot');
      const analysis = await panel.show('Analysis');
      await analysis
        .locator('.lit-scroll')
        .evaluate(element => element.scrollTo(0, 150));
      const inSight = panel.segments('Prompt').nth(4);
      const { y } = await boxOf(inSight);
      await panel.show('Datasets');
      await expect(search).toHaveValue('fewshot');
      await panel.show('Analysis');
      expect((await boxOf(inSight)).y).toBeCloseTo(y, 0);
      await expect(panel.target).toHaveText(ADVICE);
    });

    const insight = panel.region.getByRole('region', { name: 'Insight' });
    const edge = panel.region.getByRole('separator', {
      name: 'Height of the insight'
    });

    await test.step('height, by keys, over a reload', async () => {
      const before = await boxOf(insight);
      await edge.focus();
      for (let times = 0; times < 3; times++) {
        await page.keyboard.press('ArrowUp');
      }
      await expect(edge).toHaveAttribute('aria-valuenow', '70');
      const higher = await boxOf(insight);
      expect(higher.height).toBeGreaterThan(before.height + 30);
      await kept(page, 'workspaces/default', /"height":0\.70?/, PANEL_OPEN);
      await page.evaluate(() => window.location.reload());
      await expect(edge).toHaveAttribute('aria-valuenow', '70', {
        timeout: COLD
      });
      await panel.mapped();
      expect((await boxOf(insight)).height).toBeCloseTo(higher.height, 0);
    });

    await test.step('beside the text', async () => {
      const text = panel.region.locator('.lit-scroll');
      const [above, below] = [await boxOf(text), await boxOf(insight)];
      expect(below.y).toBeGreaterThanOrEqual(above.y + above.height);
      await widen(page, panel, 720);
      const [left, right] = [await boxOf(text), await boxOf(insight)];
      expect(right.x).toBeGreaterThanOrEqual(left.x + left.width);
      expect(right.y).toBeLessThan(left.y + left.height / 2);
      await expect(edge).toBeHidden();
    });
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('application:close-all');
    });
  });
});
