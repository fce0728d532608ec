/** Galata's test, on a page that the next test uses again. */
import { expect, test as base } from '@jupyterlab/galata';

export { expect };

export const test = base.extend({
  page: async ({ page, context }, use) => {
    await use(page);
    // While Galata still keeps what JupyterLab saves late: settings on the server would be the next test's, too.
    await context.pages()[0]?.goto('about:blank');
  }
});
