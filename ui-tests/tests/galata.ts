/** Galata's test, on a page that the next test uses again. */
import { expect, test as base } from '@jupyterlab/galata';

export { expect };

export const test = base.extend({
  page: async ({ page, context }, use) => {
    await use(page);
    // Leave while Galata still intercepts JupyterLab's late saves, which would otherwise change the next test's settings.
    await context.pages()[0]?.goto('about:blank');
  }
});
