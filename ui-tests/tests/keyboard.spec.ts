/** The main workflow with only the keyboard: there is no mouse event in this file. */
import { expect, test } from './galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { command, expectVisibleFocus, selectCode, tabTo } from './keys';
import { asked, COLD, openNotebook, Panel, servicePid, TUTORIAL } from './lab';

const ANSWER = 'Recommendation: You have to try it.';

/** From the notebook to an answer. */
async function answer(
  page: IJupyterLabPageFixture,
  tmpPath: string
): Promise<Panel> {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  const cursor = page.locator('.jp-Notebook .cm-content:focus');
  await selectCode(page);
  await page.keyboard.press('Enter');
  await expect(cursor).toContainText('def analyze_menu_item');
  for (let row = 0; row < 4; row++) {
    await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Control+Alt+p');
  await expect(panel.prompt).toHaveValue(/^Analyze a menu item/);
  // The next control has the focus.
  await expect(panel.run).toBeFocused();
  await expectVisibleFocus(page);
  await asked(page, () => page.keyboard.press('Enter'));
  await panel.answered(ANSWER);
  return panel;
}

/** Go to the text from anywhere, and make the answer's last sentence the target. */
async function targetLast(
  page: IJupyterLabPageFixture,
  panel: Panel
): Promise<void> {
  await command(page, 'Prompt Salience');
  await expect(panel.run).toBeFocused();
  await tabTo(page, '[data-segment]');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await panel.mapped();
}

test('from the notebook to maps; sharing, the matrix, and a comparison', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = await answer(page, tmpPath);

  await test.step('a map, and other maps', async () => {
    // The last sentence is explained by itself; here it is chosen like any other.
    await expect(panel.target).toHaveText(ANSWER);
    await panel.reachText();
    await page.keyboard.press('Escape');
    await expect(panel.target).toHaveCount(0);
    await expectVisibleFocus(page);
    await page.keyboard.press('End');
    await expect(page.locator(':focus')).toHaveText(ANSWER);
    await page.keyboard.press('Enter');
    await expect(panel.target).toHaveText(ANSWER);
    await panel.mapped();
    // The map follows the focus.
    await page.keyboard.press('ArrowUp');
    await expect(page.getByRole('tooltip')).toHaveText(/rank \d+ of \d+/);
    await expectVisibleFocus(page);

    // Continue to the granularity, and to the method.
    await tabTo(page, '[aria-label="Granularity"] [role="radio"]');
    await page.keyboard.press('ArrowLeft');
    await expect(
      panel.region.getByRole('radio', { name: 'Words' })
    ).toBeChecked();
    await expectVisibleFocus(page);
    await panel.mapped();
    await page.keyboard.press('ArrowRight');
    await tabTo(page, '.lit-method-choice select');
    await page.keyboard.press('ArrowDown');
    await expect(panel.method).not.toHaveValue('grad_l2');
    await panel.mapped();

    // Another sentence.
    await tabTo(page, '[data-segment]', 'Shift+Tab');
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    const other = (await page.locator(':focus').textContent())!;
    expect(other).not.toBe(ANSWER);
    await page.keyboard.press('Enter');
    await expect(panel.target).toHaveText(other);
    await panel.mapped();
    // The top segments are a list of buttons that lead into the text.
    await tabTo(page, '.lit-ranks-row');
    await page.keyboard.press('Enter');
    await expect(panel.region.locator('.lit-flash')).toBeInViewport();
    await page.keyboard.press('Escape');
    await expect(panel.target).toHaveCount(0);
  });

  await test.step('sharing: into the notebook, by the menu', async () => {
    await targetLast(page, panel);
    await tabTo(
      page,
      '[aria-haspopup="menu"][aria-label^="Share"]',
      'Shift+Tab'
    );
    await page.keyboard.press('Enter');
    const menu = page.getByRole('menu').last();
    await expect(menu).toBeVisible();
    for (let items = 0; items < 10; items++) {
      const active = page.locator('.lm-Menu .lm-mod-active');
      if (
        (await active.count()) &&
        /Insert Run/.test((await active.textContent())!)
      ) {
        break;
      }
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await expect(page.locator('.lit-output')).toBeVisible();
  });

  await test.step('the matrix, and a comparison', async () => {
    await targetLast(page, panel);

    // The matrix, from the command palette.
    await command(page, 'Matrix of the Whole');
    const grid = page.getByRole('grid', { name: /What led to each sentence/ });
    await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
    await tabTo(page, '[role="gridcell"]');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await expect(panel.target).toHaveText(
      // After its line number.
      (await grid.getByRole('rowheader').first().textContent())!.replace(
        /^\d+\s*/,
        ''
      )
    );

    // The column's sentence comes into view.
    await expect(panel.segments('Prompt').nth(1)).toBeInViewport();

    // A trial without the prompt's first sentence.
    await panel.mapped();
    await command(page, 'Prompt Salience');
    await expect(panel.run).toBeFocused();
    await tabTo(page, '[data-segment]');
    await page.keyboard.press('Home');
    await page.keyboard.press('Delete');
    const comparison = page.getByRole('region', { name: /^Comparison/ });
    await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
      timeout: COLD
    });
    await tabTo(page, '.lit-compare [role="radio"]');
    await page.keyboard.press('ArrowLeft');
    await expect(
      comparison.getByRole('radio', { name: 'Difference of maps' })
    ).toBeChecked();
    await tabTo(page, '.lit-compare [data-segment]');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    await expect(page.locator(':focus')).toHaveAttribute('data-target', 'true');
    await expectVisibleFocus(page);
  });

  await test.step('the main area at a zoom of 200%: each view, the insight, and back', async () => {
    await command(page, 'Prompt Salience in Main Area');
    // Zooming a window halves its width and height in CSS pixels.
    await page.setViewportSize({ width: 640, height: 400 });
    const main = new Panel(page, 'Prompt salience in the main area');
    await expect(main.run).toBeFocused();
    const within = '#lit-lab-main-panel';
    const focus = page.locator(':focus');
    /** Walk along a row of tabs, from each of which Tab leads into its panel. */
    const walk = async (...tabs: string[]) => {
      for (const name of tabs) {
        await page.keyboard.press('ArrowRight');
        await expect(focus).toHaveText(name);
        await expectVisibleFocus(page);
        const shown = main.region.getByRole('tabpanel', { name, exact: true });
        const stops = 'button:enabled, select, input, textarea';
        await expect(shown.locator(stops).first()).toBeVisible({
          timeout: COLD
        });
        for (let i = 0; !(await shown.locator(':focus').count()); i++) {
          expect(i, `stops of Tab between ${name} and its panel`).toBeLessThan(
            3
          );
          await page.keyboard.press('Tab');
        }
        await expectVisibleFocus(page);
        await tabTo(
          page,
          `${within} [role="tab"]:text-is("${name}")`,
          'Shift+Tab'
        );
      }
    };
    await tabTo(page, `${within} [role="tab"]:text-is("Analysis")`);
    await walk('Datasets', 'History', 'Models', 'Analysis');
    await tabTo(page, `${within} [data-segment]`);
    await tabTo(page, `${within} .lit-method-choice select`);
    await tabTo(page, `${within} [role="tab"]:text-is("What led to")`);
    await walk('Why not', 'Trust', 'Options', 'What led to');
    await tabTo(page, `${within} .lit-ranks-row`);
    await tabTo(page, `${within} [aria-label^="Share"]`, 'Shift+Tab');
    // Arrows move within a toolbar.
    await page.keyboard.press('ArrowRight');
    await expect(focus).toHaveAccessibleName('Back to the side panel');
    await page.keyboard.press('Enter');
    await expect(panel.run).toBeFocused();
  });
});

test('a row of a dataset @long', async ({ page }) => {
  test.slow();
  const panel = new Panel(page);
  await command(page, 'Prompt Salience');
  await expect(panel.prompt).toBeFocused();
  await tabTo(page, '[role="tab"]:text-is("Analysis")', 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator(':focus')).toHaveText('Datasets');
  const rows = panel.region
    .getByRole('list', { name: 'Prompts' })
    .getByRole('listitem');
  await expect(rows.nth(2)).toBeVisible({ timeout: COLD });
  await tabTo(page, '#lit-lab-panel .lit-row');
  await page.keyboard.press('ArrowDown');
  await expectVisibleFocus(page);
  await asked(page, () => page.keyboard.press('Enter'));
  await panel.answered(/\S/);
  const first = await panel.segments('Prompt').allTextContents();
  // The focus goes to the tab of the shown view, and back to the row when the list is shown again.
  await expect(page.locator(':focus')).toHaveText('Analysis');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, '#lit-lab-panel .lit-row');
  await expect(rows.nth(1).getByRole('button').first()).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await asked(page, () => page.keyboard.press('Enter'));
  await panel.answered(/\S/);
  expect(await panel.segments('Prompt').allTextContents()).not.toEqual(first);
  // Run the row again, and go from there to the prompt without a run.
  await page.keyboard.press('ArrowRight');
  await tabTo(page, '#lit-lab-panel .lit-row');
  await expect(rows.nth(2).getByRole('button').first()).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await tabTo(page, 'button:text-is("Edit as prompt")');
});

test('a dataset that is changed and saved @long', async ({ page, tmpPath }) => {
  test.slow();
  const panel = new Panel(page);
  await page.contents.uploadContent(
    'prompt\nOne.\nTwo.\n',
    'text',
    `${tmpPath}/few.csv`
  );
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', { path });
  }, `${tmpPath}/few.csv`);
  const browser = panel.region.getByRole('region', { name: 'Datasets' });
  const rows = browser
    .getByRole('list', { name: 'Prompts' })
    .getByRole('listitem');
  await expect(rows).toHaveCount(2);
  await command(page, 'Prompt Salience');
  // The shown view isn't the analysis, so its tab has the focus.
  await expect(page.locator(':focus')).toHaveText('Datasets');
  await page.keyboard.press('ArrowLeft');
  await tabTo(page, '.lit-prompt');
  await page.keyboard.type('Three.');
  await tabTo(page, '[role="tab"]:text-is("Analysis")', 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, 'button:text-is("Add the prompt")');
  await page.keyboard.press('Enter');
  await expect(rows).toHaveCount(3);
  await expect(page.locator(':focus')).toContainText('Three.');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Delete');
  await expect(rows).toHaveCount(2);
  await expect(rows).toContainText(['One.', 'Three.']);
  await tabTo(page, 'button:text-is("Save as .jsonl…")');
  await page.keyboard.press('Enter');
  const form = browser.getByRole('form', { name: 'Save the dataset' });
  await expect(form.getByRole('textbox', { name: 'Save as' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(form).toHaveCount(0);
  const { content } = await page.evaluate(
    async path => window.jupyterapp.serviceManager.contents.get(path),
    `${tmpPath}/few.jsonl`
  );
  expect(String(content).trim().split('\n')).toHaveLength(2);
});

test('a cell’s context menu, two sentences at once, and a model that is refused @long', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await test.step('a cell’s context menu', async () => {
    await openNotebook(page, tmpPath, TUTORIAL);
    await selectCode(page);
    await page.keyboard.press('Shift+F10');
    const menu = page.locator('.lm-Menu').last();
    await expect(menu).toBeVisible();
    for (let items = 0; items < 40; items++) {
      const chosen = menu.locator('.lm-mod-active');
      if (
        (await chosen.count()) &&
        (await chosen.textContent())?.includes('Analyze prompt')
      ) {
        break;
      }
      await page.keyboard.press('ArrowDown');
    }
    await page.keyboard.press('Enter');
    await expect(panel.prompt).toHaveValue(/^Analyze a menu item/);
  });

  await test.step('two sentences at once', async () => {
    // Ctrl+Enter runs the prompt from anywhere in the panel; Shift+Enter extends the target.
    await asked(page, () => page.keyboard.press('Control+Enter'));
    await panel.answered(ANSWER);
    const last = panel.segments('Answer').last();
    await panel.reachText();
    await page.keyboard.press('End');
    await expect(last).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(last).toHaveAttribute('aria-pressed', 'true');
    await panel.mapped();
    await page.keyboard.press('Home');
    await expect(page.getByRole('tooltip')).toContainText(/rank \d+ of/);
    await page.keyboard.press('End');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+Enter');
    await expect(panel.target).toHaveCount(2);
    await page.keyboard.press('Escape');
    await expect(panel.target).toHaveCount(0);
  });

  await test.step('a model that is refused', async () => {
    // Only a running service can refuse.
    await command(page, 'Restart Model Service');
    await servicePid(request);
    await command(page, 'Manage Models');
    const models = panel.region.getByRole('region', { name: 'Models' });
    await expect(
      panel.region.getByRole('tab', { name: 'Models' })
    ).toBeFocused();
    await tabTo(page, 'button:text-is("Add a model…")');
    await page.keyboard.press('Enter');
    const form = models.getByRole('form', { name: 'Add a model' });
    await expect(form.getByLabel('Preset')).toBeFocused();
    await page.keyboard.type('gemma9');
    await page.keyboard.press('Enter');
    await expect(form.getByRole('alert')).toContainText('no preset gemma9', {
      timeout: COLD
    });
    // The typed text is still there.
    await expect(form.getByLabel('Preset')).toHaveValue('gemma9');
  });
});
