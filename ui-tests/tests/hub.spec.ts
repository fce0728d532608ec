/** With a base URL and users, as on a hub: everything works, and users see nothing of each other's. */
import { readFileSync } from 'fs';
import { expect, test } from '@playwright/test';
import type { Browser, BrowserContext, Page } from '@playwright/test';

import { hub } from '../servers';
import {
  analyzeAt,
  COLD,
  kept,
  line,
  overlay,
  Panel,
  PANEL_OPEN,
  workspaceOf
} from './lab';

const MISTAKE = 'Recommendation: You have to try it.';

/** A user's own browser. */
async function signedIn(
  browser: Browser,
  name: string
): Promise<BrowserContext> {
  const context = await browser.newContext({ acceptDownloads: true });
  await context.addCookies([{ name: hub.cookie, value: name, url: hub.url }]);
  return context;
}

/** A tab with the tutorial, with its prompt analyzed. */
async function analyzed(
  context: BrowserContext,
  workspace: string
): Promise<{ page: Page; panel: Panel }> {
  const page = await context.newPage();
  // JupyterLab's question to new users about its news covers the panel's lower end.
  const news = page.getByText('Would you like to get notified');
  await page.addLocatorHandler(news, () =>
    page.getByRole('button', { name: 'No', exact: true }).click()
  );
  await page.goto(
    `${hub.url}${hub.base}/lab/workspaces/${workspaceOf(workspace)}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await expect(panel.run).toBeVisible();
  return { page, panel };
}

/** Return what a user's own requests list: the ids of jobs, and the history's runs. */
async function own(context: BrowserContext) {
  const api = `${hub.url}${hub.base}/lit-lab/api`;
  const jobs = await (await context.request.get(`${api}/jobs`)).json();
  const xsrf = (await context.cookies()).find(one => one.name === '_xsrf');
  const found = await context.request.post(`${api}/runs/search`, {
    data: {},
    headers: { 'X-XSRFToken': xsrf!.value }
  });
  expect(found.status()).toBe(200);
  return {
    jobs: (jobs.jobs as { id: string }[]).map(job => job.id),
    runs: (await found.json()).runs as { id: string; prompt: string }[]
  };
}

test('below a base URL: the panel, the cell, an exported page, LIT', async ({
  browser
}) => {
  test.slow();
  const context = await signedIn(browser, 'ada');
  const { page, panel } = await analyzed(context, 'base-url');
  const outside: string[] = [];
  page.on('request', request => {
    const { pathname, protocol } = new URL(request.url());
    if (/^http/.test(protocol) && !pathname.startsWith(`${hub.base}/`)) {
      outside.push(request.url());
    }
  });
  await panel.generate(MISTAKE);
  await panel.explain(MISTAKE);
  await expect(overlay(line(page, MISTAKE)).first()).toBeVisible();

  const saving = page.waitForEvent('download');
  await panel.region.getByRole('button', { name: 'Share this run' }).click();
  await page.getByRole('menuitem', { name: 'Save Run as HTML Page' }).click();
  const file = test.info().outputPath('page.html');
  await (await saving).saveAs(file);
  const html = readFileSync(file, 'utf8');
  expect(html).toContain('You have to try it.');
  expect(html).not.toContain(hub.base);

  await panel.region
    .getByRole('button', { name: 'LIT, service and log' })
    .click();
  await page
    .getByRole('menuitem', { name: 'Open in LIT', exact: true })
    .click();
  await expect(
    page
      .frameLocator('iframe[title="LIT"]')
      .frameLocator('iframe[title="LIT"]')
      .locator('lit-data-table')
  ).toContainText('Suggestion: Onion soup', { timeout: 2 * COLD });
  expect(outside).toEqual([]);
  await context.close();
});

test('who may only read sees earlier runs, and can start and change nothing @long', async ({
  browser
}) => {
  test.slow();
  const context = await signedIn(browser, 'eve');
  const { page, panel } = await analyzed(context, 'eve');
  await panel.generate(MISTAKE);
  await panel.explain(MISTAKE);
  const { runs } = await own(context);

  await kept(page, `workspaces/${workspaceOf('eve')}`, PANEL_OPEN);
  await context.addCookies([{ ...hub.role, url: hub.url }]);
  await page.reload();
  await expect(panel.region.getByRole('status').first()).toContainText(
    'You can look at runs and datasets here, but not run a model',
    { timeout: COLD }
  );
  // An earlier run opens with its map.
  const history = await panel.show('History');
  const row = history.getByRole('listitem').first();
  const opened = page.waitForResponse(/\/api\/runs\/(?!search)[^/]+$/);
  await row.getByRole('button', { name: /eggs/ }).first().click();
  await opened;
  // It replaces the run that was shown before the reload.
  await expect(
    panel.region.getByRole('tab', { name: 'Analysis' })
  ).toHaveAttribute('aria-selected', 'true');
  await panel.explain(MISTAKE);
  await expect(panel.alert).toHaveCount(0);

  // Refusals of running and deleting appear in place, and nothing is lost.
  await panel.run.click();
  await expect(panel.alert.first()).toContainText('did not allow this');
  await expect(panel.segments('Prompt', MISTAKE).first()).toBeVisible();
  await panel.show('History');
  await row.hover();
  await row.getByRole('button', { name: /^Delete/ }).click();
  // The page sends the request once the deletion can't be undone any more.
  await expect(history.getByRole('alert')).toContainText('did not allow this');
  await expect(row.getByRole('button', { name: /eggs/ }).first()).toBeVisible();
  expect((await own(context)).runs).toEqual(runs);
  await context.close();
});

test('two users and two tabs of one: jobs and histories are apart @long', async ({
  browser
}) => {
  test.slow();
  const [ada, bob] = [
    await signedIn(browser, 'ada'),
    await signedIn(browser, 'bob')
  ];
  const before = await Promise.all(
    [ada, bob].map(async context => {
      // The first page sets the XSRF cookie.
      await context.request.get(`${hub.url}${hub.base}/lab`);
      return (await own(context)).runs.length;
    })
  );
  const tabs = [
    await analyzed(ada, 'ada-one'),
    await analyzed(ada, 'ada-two'),
    await analyzed(bob, 'bob-one')
  ];
  const dislikes = ["Don't like cheese", "Can't eat fish", 'No mushrooms'];
  for (const [n, { panel }] of tabs.entries()) {
    await panel.variable('food_dislikes').fill(dislikes[n]);
  }
  await Promise.all(tabs.map(({ panel }) => panel.ask()));
  for (const [n, { panel }] of tabs.entries()) {
    await panel.answered(/./);
    await expect(
      panel.segments('Prompt', `Taste-dislikes: ${dislikes[n]}`)
    ).toBeVisible();
  }

  await expect
    .poll(async () => (await own(ada)).runs.length)
    .toBe(before[0] + 2);
  const [hers, his] = [await own(ada), await own(bob)];
  expect(his.runs).toHaveLength(before[1] + 1);
  expect(his.runs[0].prompt).toContain('Suggestion');
  for (const context of [ada, bob]) {
    const others = context === ada ? his : hers;
    for (const path of [
      `jobs/${others.jobs[0]}`,
      `jobs/${others.jobs[0]}/events`,
      `runs/${others.runs[0].id}`
    ]) {
      const reply = await context.request.get(
        `${hub.url}${hub.base}/lit-lab/api/${path}`
      );
      expect(reply.status(), path).toBe(404);
    }
  }
  // The panel lists only the user's own runs, too.
  for (const [{ panel }, count] of [
    [tabs[0], hers.runs.length],
    [tabs[2], his.runs.length]
  ] as const) {
    const history = await panel.show('History');
    await expect(history.getByRole('listitem')).toHaveCount(count);
  }
  await ada.close();
  await bob.close();
});
