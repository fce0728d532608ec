/** Accessibility: axe finds no serious fault in either theme. */
import { expect, test } from './galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { faultsOf } from './faults';
import {
  analyzeAt,
  COLD,
  explained,
  line,
  openNotebook,
  Panel,
  servicePid,
  still,
  TUTORIAL
} from './lab';

const PANEL = '#lit-lab-panel';
const MAIN = '#lit-lab-main-panel';

test.use({ viewport: { width: 1600, height: 1000 } });

/** Check parts of the page in the light theme and in the dark one, which differs only in its colours. */
async function check(
  page: IJupyterLabPageFixture,
  ...selectors: string[]
): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    if (theme === 'light') {
      await page.theme.setLightTheme();
    } else {
      await page.theme.setDarkTheme();
    }
    // Nothing is hovered or fading, and the checked parts aren't scrolled away.
    await page.mouse.move(4, 4);
    await still(page);
    for (const selector of selectors) {
      expect
        .soft(
          await faultsOf(
            page,
            selector,
            theme === 'dark' ? 'colours' : undefined
          ),
          `${selector}, ${theme}`
        )
        .toEqual([]);
    }
  }
}

test('the panel: empty, with a prompt, with an error; the model manager, its forms and a refusal', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await test.step('the panel', async () => {
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:open-panel');
    });
    await expect(panel.region).toBeVisible();
    await check(page, PANEL);
    await openNotebook(page, tmpPath, TUTORIAL);
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await expect(panel.prompt).not.toHaveValue('');
    await check(page, PANEL);
    await panel.prompt.fill('x '.repeat(3000));
    await panel.run.click();
    await expect(panel.alert).toBeVisible({ timeout: COLD });
    await check(page, PANEL);
  });

  await test.step('the model manager', async () => {
    // Only a running service can refuse.
    await request.post('/lit-lab/api/service/start');
    await servicePid(request);
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:manage-models');
    });
    const models = panel.region.getByRole('region', { name: 'Models' });
    await models
      .getByRole('button', { name: /with other settings/ })
      .first()
      .click();
    await models.getByRole('button', { name: 'Add a model…' }).click();
    const form = models.getByRole('form', { name: 'Add a model' });
    await form.getByLabel('Preset').fill('gemma9');
    await form.getByLabel('Name').fill('mine');
    await form.getByRole('button', { name: 'Add' }).click();
    await expect(form.getByRole('alert')).toBeVisible({ timeout: COLD });
    await models
      .getByRole('button', { name: /^Log in/ })
      .first()
      .click();
    await check(page, PANEL);
  });
});

test('a map, its options, tests and targets; datasets, history, matrix, comparison @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const { panel } = await explained(page, tmpPath);

  await test.step('the map, its options, tests and targets', async () => {
    await panel.region.getByRole('button', { name: 'Surprisal' }).click();
    for (const tab of ['What led to', 'Why not', 'Options'] as const) {
      await panel.insight(tab);
      await check(page, PANEL);
    }
    await panel.insight('What led to');
    await panel.method.selectOption('grad · input');
    await panel.region.getByRole('radio', { name: 'Words' }).click();
    await panel.mapped();
    await panel.insight('Trust');
    await panel.region
      .getByRole('button', { name: 'What would make it say …?' })
      .click();
    await check(page, PANEL);
  });

  await test.step('the dataset browser and the history', async () => {
    const datasets = await panel.show('Datasets');
    await expect(
      datasets
        .getByRole('list', { name: 'Prompts' })
        .getByRole('listitem')
        .nth(1)
    ).toBeVisible({ timeout: COLD });
    await check(page, PANEL);
    const history = await panel.show('History');
    await expect(history.getByRole('listitem').first()).toBeVisible();
    await check(page, PANEL);
  });

  await test.step('the matrix and the comparison', async () => {
    await panel.show('Analysis');
    await panel.insight('What led to');
    await panel.method.selectOption('L2 norm');
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.mapped();
    await panel.region.getByRole('button', { name: 'Matrix' }).click();
    const grid = page.getByRole('grid', { name: /What led to each sentence/ });
    await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
    await check(page, '#lit-lab-matrix');

    await panel.topSegments
      .getByRole('button', { name: /^Try without/ })
      .first()
      .click();
    const comparison = page.getByRole('region', { name: /^Comparison/ });
    await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
      timeout: COLD
    });
    for (const name of ['Text', 'Both maps', 'Difference of maps']) {
      await comparison.getByRole('radio', { name, exact: true }).click();
      await check(page, '.lit-compare');
    }
  });

  await test.step('the panel in the main area', async () => {
    await panel.region
      .getByRole('button', { name: 'Open in the main area' })
      .click();
    const main = new Panel(page, 'Prompt salience in the main area');
    await main.mapped();
    for (const view of ['Datasets', 'History', 'Models', 'Analysis'] as const) {
      await main.show(view);
      await check(page, MAIN);
    }
    // With forced colours, too, selected and shaded parts differ from the others.
    await page.emulateMedia({ forcedColors: 'active' });
    const colours = (all: Locator, property: 'background' | 'borderBottom') =>
      all.evaluateAll(
        (elements, name) =>
          new Set(elements.map(e => getComputedStyle(e)[`${name}Color`])).size,
        property
      );
    const views = main.region.getByRole('tablist', { name: 'Views' });
    expect(await colours(views.getByRole('tab'), 'borderBottom')).toBe(2);
    const granularity = main.region.getByRole('radiogroup', {
      name: 'Granularity'
    });
    expect(await colours(granularity.getByRole('radio'), 'background')).toBe(2);
    expect(
      await colours(main.segments('Prompt'), 'background')
    ).toBeGreaterThan(2);
    await page.emulateMedia({ forcedColors: 'none' });
    await main.region
      .getByRole('button', { name: 'Back to the side panel' })
      .click();
    await expect(panel.region).toBeVisible();
  });

  await test.step('as much colour as there can be, on everything', async () => {
    await panel.region.locator('.lit-text').evaluate(flow => {
      flow
        .querySelectorAll<HTMLElement>('[data-segment]')
        .forEach((segment, i) => {
          segment.style.setProperty('--lit-weight', '1');
          segment.dataset.sign = i % 2 ? 'negative' : '';
        });
    });
    await check(page, '.lit-text');
  });
});
