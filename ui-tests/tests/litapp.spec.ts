/** LIT's own app in a tab, over the models that the panel uses; on a server with a token and the XSRF check. */
import { expect, test } from '@playwright/test';
import type { FrameLocator, Page } from '@playwright/test';

import { secure } from '../servers';
import {
  analyzeAt,
  COLD,
  kept,
  line,
  Panel,
  PANEL_OPEN,
  servicePid,
  workspaceOf
} from './lab';

/** The model service starts, and then LIT. */
const PATIENCE = 2 * COLD;

test.use({ baseURL: secure.url });

test.beforeEach(async ({ page }) => {
  // As in security.spec.ts, the page can't do more than the cookie allows.
  await page.goto(`/api/status?token=${secure.token}`);
  await page.route(/\/lab\/workspaces\//, async route => {
    const reply = await route.fetch();
    const body = (await reply.text()).replaceAll(secure.token, '');
    await route.fulfill({ response: reply, body });
  });
});

/** Open the tutorial in a separate workspace, and analyze its prompt. */
async function analyze(page: Page, workspace: string): Promise<Panel> {
  await page.goto(
    `/lab/workspaces/${workspaceOf(workspace)}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await expect(panel.run).toBeVisible();
  return panel;
}

/** Record all requests of the page, in any frame, to servers other than LIT Lab's. */
function watchRequests(page: Page): string[] {
  const elsewhere: string[] = [];
  page.on('request', request => {
    const { protocol, hostname } = new URL(request.url());
    if (/^(https?|wss?):$/.test(protocol) && hostname !== '127.0.0.1') {
      elsewhere.push(request.url());
    }
  });
  return elsewhere;
}

/** Record what the browser refused to LIT's page. */
function watchRefusals(page: Page): string[] {
  const refused: string[] = [];
  page.on('console', message => {
    if (/Content Security Policy|sandboxed/i.test(message.text())) {
      refused.push(message.text());
    }
  });
  return refused;
}

function lit(page: Page): FrameLocator {
  return page
    .frameLocator('iframe[title="LIT"]')
    .frameLocator('iframe[title="LIT"]');
}

/** LIT's table of datapoints. */
function table(page: Page) {
  return lit(page).locator('lit-data-table');
}

/** Open LIT from the panel's menu. */
async function openFromMenu(page: Page, panel: Panel): Promise<void> {
  await panel.region
    .getByRole('button', { name: 'LIT, service and log' })
    .click();
  await page
    .getByRole('menuitem', { name: 'Open in LIT', exact: true })
    .click();
}

/** The frame that LIT runs in. */
function frameOf(page: Page) {
  return page.frames().find(one => one.url().includes('/lit/page'))!;
}

const DISH = 'Suggestion: Onion soup';

test('LIT shows the prompt, asks the model, explains the answer; it reaches nothing else', async ({
  page
}) => {
  test.slow();
  const elsewhere = watchRequests(page);
  const refused = watchRefusals(page);
  const panel = await analyze(page, 'lit-workflow');
  await panel.generate('Recommendation: You have to try it.');
  await openFromMenu(page, panel);

  // The panel's prompt is a datapoint, together with the answer that the panel explains.
  await expect(table(page).getByText(DISH).first()).toBeVisible({
    timeout: PATIENCE
  });
  // The same model generates the same answer here.
  const options = lit(page).locator('.interstitial-target-option');
  await expect(options).toHaveCount(2, { timeout: COLD });
  for (const option of await options.all()) {
    await expect(option).toContainText('You have to try it.');
  }
  await options.nth(1).click();

  // The salience module: choose a target, and see what led to it.
  const salience = lit(page).locator('sequence-salience-module');
  await salience.getByText('Sentences', { exact: true }).click();
  await salience
    .locator('.salient-token', { hasText: 'You have to try it.' })
    .last()
    .click();
  await expect(
    salience.locator('.target-info-line', { hasText: 'Explaining' })
  ).toBeVisible();
  const shades = () =>
    salience
      .locator('.salient-token')
      .evaluateAll(
        all =>
          new Set(
            all.map(token =>
              getComputedStyle(token).getPropertyValue('--token-bg-color')
            )
          ).size
      );
  await expect.poll(shades, { timeout: COLD }).toBeGreaterThan(3);

  // Icons are pictures, not words across a button.
  const icon = lit(page).locator('.material-icon', { hasText: 'settings' });
  expect((await icon.first().boundingBox())!.width).toBeLessThan(30);

  expect(elsewhere).toEqual([]);
  expect(refused).toEqual([]);

  await test.step('LIT’s page reaches neither JupyterLab nor the server', async () => {
    const tried = await frameOf(page).evaluate(async () => {
      const attempt = async (what: () => unknown) => {
        try {
          return `allowed: ${String(await what())}`;
        } catch (reason) {
          return (reason as Error).name;
        }
      };
      // Not with `fetch`, which LIT's bridge replaces.
      const request = (url: string) =>
        new Promise((resolve, reject) => {
          const asking = new XMLHttpRequest();
          asking.open('GET', url);
          asking.onload = () => resolve(asking.status);
          asking.onerror = () => reject(new TypeError('refused'));
          asking.send();
        });
      const script = document.createElement('script');
      script.textContent = 'window.hacked = true';
      document.body.append(script);
      return {
        origin: window.origin,
        parent: await attempt(() => window.parent.document.title),
        jupyterlab: await attempt(() => window.parent.parent.document.title),
        cookie: await attempt(() => document.cookie),
        storage: await attempt(() => window.localStorage.length),
        contents: await attempt(() => request('/api/contents')),
        status: await attempt(() => request('/lit-lab/api/status')),
        script: 'hacked' in window
      };
    });
    expect(tried).toEqual({
      origin: 'null',
      parent: 'SecurityError',
      jupyterlab: 'SecurityError',
      cookie: 'SecurityError',
      storage: 'SecurityError',
      contents: 'TypeError',
      status: 'TypeError',
      script: false
    });
    // The page has no secret and no token that it could show.
    const held = await frameOf(page).evaluate(
      () => document.documentElement.outerHTML + window.name + location.href
    );
    expect(held).not.toContain(secure.token);
    expect(held).not.toContain('_xsrf');
    // The bridge refuses requests that aren't on its list, in a form that LIT shows.
    const saved = await frameOf(page).evaluate(async () => {
      const url = './save_datapoints?dataset_name=sample_prompts&path=/tmp/x';
      const answer = await fetch(url, {
        method: 'POST',
        body: '{"inputs":[]}'
      });
      return { status: answer.status, text: await answer.text() };
    });
    expect(saved.status).toBe(500);
    expect(saved.text).toContain('The request is not valid');
  });
});

test('LIT is there again after a reload, and when the service has died @long', async ({
  page
}) => {
  test.slow();
  const panel = await analyze(page, 'lit-recovery');
  await openFromMenu(page, panel);
  const shown = table(page).getByText(DISH).first();
  await expect(shown).toBeVisible({ timeout: PATIENCE });
  const tab = page.getByRole('main').locator('.lit-app');

  // JupyterLab saves its layout a moment after a change.
  await kept(
    page,
    `workspaces/${workspaceOf('lit-recovery')}`,
    /"lit-lab-lit:/,
    PANEL_OPEN
  );
  await page.goto(`/lab/workspaces/${workspaceOf('lit-recovery')}`);
  await expect(shown).toBeVisible({ timeout: PATIENCE });

  // When the service dies, the tab says so, and LIT stays and can continue.
  process.kill(await servicePid(page.request), 'SIGKILL');
  const asked = () =>
    frameOf(page).evaluate(async () => {
      const body = '{"inputs":[]}';
      return (await fetch('./get_info?', { method: 'POST', body })).status;
    });
  expect(await asked()).toBe(500);
  await expect(tab.getByRole('alert')).toBeVisible();
  await expect(shown).toBeVisible();
  await tab.getByRole('button', { name: 'Retry' }).click();
  await expect(tab.getByRole('alert')).toHaveCount(0);

  await test.step('the keyboard stops LIT while it starts, and starts it', async () => {
    await tab.getByRole('button', { name: 'Stop' }).press('Enter');
    await expect(tab.getByText('LIT isn’t running.')).toBeVisible();
    await tab.getByRole('button', { name: 'Start LIT' }).press('Enter');
    await expect(tab.getByRole('status')).toHaveCount(0, { timeout: PATIENCE });
    await expect(shown).toBeVisible({ timeout: PATIENCE });
    expect(await asked()).toBe(200);
  });
});
