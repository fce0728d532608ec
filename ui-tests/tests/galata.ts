/** Galata's test, on a page that the next test uses again, and whose files the browser keeps. */
import { expect, test as base } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

export { expect };

/** What Playwright has inside: a page's connection to the browser. */
interface IInside {
  _connection?: {
    toImpl?(page: Page): {
      browserContext?: { clearCache(): Promise<void> };
      delegate?: {
        _mainFrameSession?: {
          _client?: { send(method: string, options: object): Promise<void> };
        };
      };
    };
  };
}

/**
 * Let the browser cache files. Playwright forbids it while a route intercepts requests, as Galata's do: each page would compile all
 * of JupyterLab anew, for 0.7 seconds of processor time. Playwright has no option for it; should its inside change, tests take longer.
 */
async function cacheFiles(page: Page): Promise<void> {
  const inside = (page as unknown as IInside)._connection?.toImpl?.(page);
  if (inside?.browserContext) {
    // Which it would empty before the next test.
    inside.browserContext.clearCache = async () => undefined;
  }
  await inside?.delegate?._mainFrameSession?._client?.send(
    'Network.setCacheDisabled',
    { cacheDisabled: false }
  );
}

export const test = base.extend({
  // The page below goes there, once it has a cache.
  autoGoto: false,
  page: async ({ page, context, tmpPath }, use) => {
    await cacheFiles(context.pages()[0]);
    await page.goto(`tree/${tmpPath}?reset`);
    await use(page);
    // Leave while Galata still intercepts JupyterLab's late saves, which would otherwise change the next test's settings.
    await context.pages()[0]?.goto('about:blank');
  }
});
