/** Screenshots of forced colours and of a zoom of 200%, for people to look at. */
import { expect, test } from '@jupyterlab/galata';

import { COLD, explained, Panel } from '../tests/lab';
import { widen } from './window';

test.use({ viewport: { width: 1440, height: 900 } });
test.describe.configure({ timeout: 3 * COLD });

test('forced colours, and a zoom of 200%', async ({ page, tmpPath }) => {
  const { panel } = await explained(page, tmpPath);
  const shoot = async (name: string) => {
    await page.mouse.move(4, 4);
    await page.screenshot({ path: `screenshots/access-${name}.png` });
  };
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('application:toggle-left-area');
  });
  await widen(page, panel, 420);
  await panel.region.getByRole('button', { name: 'Matrix' }).click();
  const grid = page.getByRole('grid', { name: /What led to each sentence/ });
  await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ forcedColors: 'active', colorScheme });
    await shoot(`forced-matrix-${colorScheme}`);
  }
  await panel.method.selectOption('grad · input');
  await panel.mapped();
  await shoot('forced-signed-dark');
  await panel.method.selectOption('L2 norm');
  await panel.mapped();
  for (const view of ['Datasets', 'History', 'Models', 'Analysis'] as const) {
    await panel.show(view);
    await shoot(`forced-${view.toLowerCase()}-dark`);
  }
  await panel.topSegments
    .getByRole('button', { name: /^Try without/ })
    .first()
    .click();
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2, {
    timeout: COLD
  });
  await comparison.getByRole('radio', { name: 'Difference of maps' }).click();
  await shoot('forced-compare-dark');
  await page.emulateMedia({ forcedColors: 'none', colorScheme: 'light' });

  // 1280 × 800 at 200%.
  await page.setViewportSize({ width: 640, height: 400 });
  await shoot('zoom-compare');
  for (const view of ['Datasets', 'History', 'Models', 'Analysis'] as const) {
    await panel.show(view);
    await shoot(`zoom-${view.toLowerCase()}`);
  }
  for (const tab of ['Why not', 'Trust', 'Options', 'What led to'] as const) {
    await panel.insight(tab);
    await shoot(`zoom-${tab.toLowerCase().replace(/ /g, '-')}`);
  }
  await panel.region
    .getByRole('button', { name: 'Open in the main area' })
    .click();
  await new Panel(page, 'Prompt salience in the main area').mapped();
  await shoot('zoom-main');
});
