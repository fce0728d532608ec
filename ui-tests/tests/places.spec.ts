/** The panel's places, at the side and in the main area, and the ways to open it. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from './galata';
import type { JupyterLabPage } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { ADVICE, COLD, kept, line, openNotebook, Panel, TUTORIAL } from './lab';

/** The panel in the main area. */
class MainPanel extends Panel {
  constructor(page: Page) {
    super(page, 'Prompt salience in the main area');
  }
}

/** The width of the right area's panel. */
async function widthOf(panel: Panel): Promise<number> {
  return (await panel.region.boundingBox())!.width;
}

/** Analyze the tutorial's prompt by the button in its cell's toolbar. */
async function analyzeByToolbar(page: IJupyterLabPageFixture): Promise<void> {
  await line(page, 'Suggestion: Onion soup').click();
  await page
    .locator('.jp-cell-toolbar')
    .getByRole('button', { name: 'Analyze prompt' })
    .click();
}

test('from the cell toolbar to the side, to the main area and back: one session', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const side = new Panel(page);
  const main = new MainPanel(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await openNotebook(page, tmpPath, TUTORIAL);

  await test.step('the cell’s toolbar', async () => {
    await analyzeByToolbar(page);
    await expect(side.variable('menu_item')).toHaveValue('Quiche Lorraine');
  });

  await test.step('wide enough the first time', async () => {
    await expect.poll(() => widthOf(side)).toBeGreaterThanOrEqual(400);
    expect(await widthOf(side)).toBeLessThanOrEqual(1280 / 3);
  });

  await test.step('a status-bar item while the model answers', async () => {
    const item = page.getByRole('button', { name: /^Model: / });
    await expect(item).toHaveCount(0);
    // Record it however briefly it is there.
    await page.evaluate(() => {
      const seen = new Set<string>();
      Object.assign(window, { litSeen: seen });
      new MutationObserver(() => {
        for (const one of document.querySelectorAll('.lit-activity-open')) {
          seen.add(one.textContent!);
        }
      }).observe(document.body, { childList: true, subtree: true });
    });
    await side.generate(ADVICE);
    await side.mapped();
    const seen = await page.evaluate(() => [
      ...(window as unknown as { litSeen: Set<string> }).litSeen
    ]);
    // How many states of a short answer are recorded depends on its speed.
    expect(seen.filter(text => text.startsWith('Model: '))).not.toEqual([]);
    await expect(item).toHaveCount(0, { timeout: COLD });
  });

  await test.step('one click to the main area', async () => {
    await side.region
      .getByRole('button', { name: 'Open in the main area' })
      .click();
    await expect(main.target).toContainText(ADVICE);
    await expect(side.region).toBeHidden();
    await main.mapped();
    // The notebook stays beside it.
    await expect(line(page, 'Suggestion: Onion soup')).toBeVisible();
  });

  await test.step('side by side where there is room', async () => {
    await page.setViewportSize({ width: 1920, height: 900 });
    await page.evaluate(() =>
      window.jupyterapp.commands.execute('application:toggle-left-area')
    );
    const text = main.region.getByRole('group', {
      name: 'Answer',
      exact: true
    });
    const insight = main.region.getByRole('region', { name: 'Insight' });
    await expect
      .poll(async () => {
        const [left, right] = [
          (await text.boundingBox())!,
          (await insight.boundingBox())!
        ];
        return left.x + left.width <= right.x + 1;
      })
      .toBe(true);
  });

  await test.step('both at once, without a name that both have', async () => {
    await page.locator('.jp-SideBar [data-id="lit-lab-panel"]').click();
    await expect(side.target).toContainText(ADVICE);
    expect(await side.answer.textContent()).toBe(
      await main.answer.textContent()
    );
    const twice = await page.evaluate(() => {
      const ids = [...document.querySelectorAll('.lit-panel [id]')].map(
        ({ id }) => id
      );
      return ids.filter((id, at) => ids.indexOf(id) !== at);
    });
    expect(twice).toEqual([]);
    // What both show, one of them announces.
    const announced = { hasText: /\S/ };
    const regions = (panel: Panel) =>
      panel.region.locator('[role=status], [role=alert]').filter(announced);
    await expect(regions(main)).not.toHaveCount(0);
    await expect(regions(side)).toHaveCount(0);
    // A target chosen in one panel is also the other's.
    const first = main.segments('Answer').first();
    await first.click();
    await expect(side.target).toHaveText((await first.textContent())!.trim());
  });

  await test.step('back', async () => {
    await main.region
      .getByRole('button', { name: 'Back to the side panel' })
      .click();
    await expect(main.region).toHaveCount(0);
    await expect(side.region).toBeVisible();
    await expect(side.run).toBeFocused();
  });
});

test('the launcher’s card opens it where the launcher was @long', async ({
  page
}) => {
  const main = new MainPanel(page);
  await page
    .locator('.jp-Launcher')
    .getByText('Prompt Salience', { exact: true })
    .click();
  await expect(main.region).toBeVisible();
  await expect(main.prompt).toBeFocused();
  await expect(page.locator('.jp-Launcher')).toHaveCount(0);
  await expect(new Panel(page).region).toBeHidden();
  await test.step('it comes back with the layout', async () => {
    await kept(page, 'workspaces/default', /lit-lab-main/);
    // Galata waits for a launcher that isn't there any more.
    const lab: Pick<JupyterLabPage, 'reload'> = page;
    await lab.reload({ waitForIsReady: false });
    await expect(main.run).toBeVisible({ timeout: COLD });
  });
});
