/** JupyterLab's window, as pictures want it. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';

import type { Panel } from '../tests/lab';

/** Make the side panel this wide, by dragging its edge. */
export async function widen(
  page: IJupyterLabPageFixture,
  panel: Panel,
  to: number
) {
  await expect(panel.region).toBeVisible();
  const box = (await panel.region.boundingBox())!;
  await page.mouse.move(box.x - 3, box.y + 400);
  await page.mouse.down();
  await page.mouse.move(box.x - 3 + box.width - to, box.y + 400, { steps: 8 });
  await page.mouse.up();
}

/** Change JupyterLab's theme. */
export async function theme(page: IJupyterLabPageFixture, name: string) {
  await page.evaluate(async theme => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme
    });
  }, name);
  await page.waitForTimeout(1500);
}
