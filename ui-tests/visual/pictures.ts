/** A state of the panel in each place and theme, compared with its pictures. */
import { readFileSync } from 'fs';
import * as path from 'path';
import { expect } from '@playwright/test';
import type { Page } from '@playwright/test';

import { theme, widen } from '../looks/window';
import { Panel } from '../tests/lab';

/** The places and themes in which each state has a picture. */
const { places, themes } = JSON.parse(
  readFileSync(path.resolve(__dirname, 'set.json'), 'utf8')
) as { places: string[]; themes: string[] };

/** Leave only the notebook and the panel in the window. */
export async function makeRoom(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { commands, shell } = window.jupyterapp;
    if (!(shell as unknown as { leftCollapsed: boolean }).leftCollapsed) {
      await commands.execute('application:toggle-left-area');
    }
  });
}

/** Named fonts: a system's interface fonts can differ even between two starts of one browser. */
const FONTS = `:root {
  --jp-ui-font-family: 'DejaVu Sans' !important;
  --jp-content-font-family: 'DejaVu Sans' !important;
  --jp-code-font-family: 'DejaVu Sans Mono' !important;
}`;

/** Compare the panel with the state's pictures, at each width at the side and then in the whole main area. */
export async function compare(page: Page, state: string): Promise<void> {
  await page.addStyleTag({ content: FONTS });
  const side = new Panel(page);
  const main = new Panel(page, 'Prompt salience in the main area');
  for (const place of places) {
    const panel = place === 'main' ? main : side;
    if (place === 'main') {
      await side.region
        .getByRole('button', { name: 'Open in the main area' })
        .click();
      await expect(main.region).toBeVisible();
      await page.evaluate(async () => {
        await window.jupyterapp.commands.execute('application:toggle-mode');
      });
    } else {
      await widen(page, side, Number(place));
    }
    for (const name of themes) {
      await theme(
        page,
        name === 'dark' ? 'JupyterLab Dark' : 'JupyterLab Light'
      );
      await rest(panel);
      await settle(page, panel);
      await rest(panel);
      await expect
        .soft(panel.region)
        .toHaveScreenshot(`${state}-${place}-${name}.png`);
    }
  }
}

/** Remove hover and focus, show the target, and replace times that differ between runs. */
async function settle(page: Page, panel: Panel): Promise<void> {
  await page.mouse.move(4, 4);
  await panel.region.evaluate(region => {
    (document.activeElement as HTMLElement | null)?.blur();
    for (const scroller of region.querySelectorAll(
      '.lit-scroll, .lit-insight-body'
    )) {
      scroller.scrollTo(0, 0);
    }
    region
      .querySelector('[data-target="true"]')
      ?.scrollIntoView({ block: 'nearest' });
    const texts = document.createTreeWalker(region, NodeFilter.SHOW_TEXT);
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const { nodeValue } = text;
      const fixed = nodeValue!.replace(
        /less than a second|\b[\d.]+ s\b/g,
        '1.0 s'
      );
      // Assigning even an equal text would end the selection and cause a new layout.
      if (fixed !== nodeValue) {
        text.nodeValue = fixed;
      }
    }
  });
}

/** Wait until nothing in the panel moves or changes its size: fields grow with their text only after a new width is laid out. */
async function rest(panel: Panel): Promise<void> {
  await panel.region.evaluate(async region => {
    const places = () =>
      Array.from(region.querySelectorAll('*'), element => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height].join();
      }).join(';');
    let last = '';
    // In a row; about half a second.
    for (let unchanged = 0; unchanged < 30;) {
      await new Promise(requestAnimationFrame);
      const now = places();
      unchanged = now === last ? unchanged + 1 : 0;
      last = now;
    }
  });
}
