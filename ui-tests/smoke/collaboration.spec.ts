/** Two people in one notebook: each has their own run, and both see the current text. */
import { expect, test } from '@playwright/test';
import type { Browser, Page } from '@playwright/test';

import { analyzeAt, COLD, line, overlay, Panel, retype } from '../tests/lab';

const MISTAKEN = 'Recommendation: You have to try it.';
const AVOID = 'Recommendation: Avoid.';

/** One person's browser, with the notebook open and its prompt analyzed. */
async function person(
  browser: Browser,
  workspace: string
): Promise<{ page: Page; panel: Panel }> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`/lab/workspaces/${workspace}/tree/prompt_debugging.ipynb`);
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
  return { page, panel };
}

test('two people analyze the same cell of a shared notebook', async ({
  browser
}) => {
  const ada = await person(browser, 'ada');
  const bob = await person(browser, 'bob');
  await ada.panel.generate(MISTAKEN);
  await ada.panel.explain(MISTAKEN);
  await expect(overlay(ada.page.locator('.jp-Notebook')).first()).toBeVisible();
  // Shades are part of her view, and not of the document.
  await expect(overlay(bob.page.locator('.jp-Notebook'))).toHaveCount(0);
  await expect(bob.panel.answer).toHaveCount(0);

  // He corrects the example: the text changes for both, and her run doesn't.
  await retype(bob.page, line(bob.page, MISTAKEN), AVOID);
  await expect(line(ada.page, AVOID)).toBeVisible();
  await expect(ada.panel.region).toContainText('changed since');
  await expect(ada.panel.segments('Answer', MISTAKEN)).toHaveCount(1);
  await bob.panel.generate(AVOID);
  await bob.panel.explain(AVOID);
  await expect(overlay(bob.page.locator('.jp-Notebook')).first()).toBeVisible();
  await expect(ada.panel.segments('Answer', MISTAKEN)).toHaveCount(1);
  await ada.panel.generate(AVOID);

  // The panel shows the file's name as the document's.
  await expect(ada.panel.region).not.toContainText('RTC:');
});
