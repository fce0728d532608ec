/** Prepares JupyterLab's window for screenshots. */
import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';

import { still } from '../tests/lab';
import type { Panel } from '../tests/lab';

/** Make the side panel this wide, by dragging its edge. */
export async function widen(page: Page, panel: Panel, to: number) {
  await expect(panel.region).toBeVisible();
  const box = (await panel.region.boundingBox())!;
  await page.mouse.move(box.x - 3, box.y + 400);
  await page.mouse.down();
  await page.mouse.move(box.x - 3 + box.width - to, box.y + 400, { steps: 8 });
  await page.mouse.up();
}

/** Change JupyterLab's theme. */
export async function theme(page: Page, name: string) {
  await page.evaluate(async theme => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme
    });
  }, name);
  // The style sheet may load later, and its colours fade in.
  await expect(page.locator('body')).toHaveAttribute(
    'data-jp-theme-name',
    name
  );
  await still(page);
}
