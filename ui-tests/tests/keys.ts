/** Helpers for browser tests that only use the keyboard. */
import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { NotebookPanel } from '@jupyterlab/notebook';

/** Press Tab, or Shift+Tab, until something has the focus. */
export async function tabTo(
  page: IJupyterLabPageFixture,
  selector: string,
  key = 'Tab'
): Promise<void> {
  // Tab would skip an element that isn't there yet.
  await expect(page.locator(selector).first()).toBeVisible();
  for (let stops = 0; stops < 60; stops++) {
    if (
      (await page.locator(`${selector}`).and(page.locator(':focus')).count()) >
      0
    ) {
      await expectVisibleFocus(page);
      return;
    }
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${selector}.`);
}

/** Expect a visible focus: it has an outline, and is within the page. */
export async function expectVisibleFocus(
  page: IJupyterLabPageFixture
): Promise<void> {
  const focus = page.locator(':focus');
  await expect(focus).toBeInViewport();
  const outline = await focus.evaluate(element => {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    return outlineStyle === 'none' ? 0 : parseFloat(outlineWidth);
  });
  expect(outline, 'the outline of what has the focus').toBeGreaterThan(0);
}

/** Choose a command of the palette. */
export async function command(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  const search = page.locator('#modal-command-palette input');
  await page.keyboard.press('Control+Shift+c');
  await expect(search).toBeFocused();
  await page.keyboard.type(name);
  await expect(
    page.locator('#modal-command-palette .lm-mod-active')
  ).toContainText(name);
  await page.keyboard.press('Enter');
  await expect(search).toBeHidden();
}

/** Select the first code cell with the down arrow, and go up again if a late key went too far. */
export async function selectCode(page: IJupyterLabPageFixture): Promise<void> {
  const active = page.locator('.jp-Notebook .jp-Cell.jp-mod-active');
  await expect(active).toHaveCount(1);
  const away = () =>
    page.evaluate(() => {
      const { content } = window.jupyterapp.shell
        .currentWidget as NotebookPanel;
      const code = [...content.model!.cells].findIndex(
        cell => cell.type === 'code'
      );
      return code - content.activeCellIndex;
    });
  await expect(async () => {
    // Keys are lost until the notebook listens.
    const cells = await away();
    if (cells) {
      await page.keyboard.press(cells > 0 ? 'ArrowDown' : 'ArrowUp');
      // One key at a time: the second of two late ones would go too far.
      await expect.poll(away, { timeout: 5_000 }).not.toBe(cells);
    }
    expect(await away()).toBe(0);
    await expect(active).toContainText('def analyze_menu_item', {
      timeout: 5_000
    });
  }).toPass({ intervals: [100] });
}
