/** LIT's own app in a tab, over the models that the panel uses. */
import { expect, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { FrameLocator, Page } from '@playwright/test';

import {
  analyzeAt,
  COLD,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from './lab';

const PROMPT = 'Taste-likes: Cheese\nSuggestion: Quiche Lorraine\nAnalysis:';

/** Everything that the page asked of another server than ours, in any frame. */
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

/** What the browser refused LIT's page. */
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
  return page.frameLocator('iframe[title="LIT"]');
}

/** LIT's table of datapoints. */
function table(page: Page) {
  return lit(page).locator('lit-data-table');
}

/** Open LIT by the panel's menu. */
async function openFromMenu(page: IJupyterLabPageFixture, panel: Panel) {
  await panel.region
    .getByRole('button', { name: 'LIT, service and log' })
    .click();
  await page
    .getByRole('menuitem', { name: 'Open in LIT', exact: true })
    .click();
}

test('LIT shows the prompt, asks the model, explains the answer, and asks nothing elsewhere', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const elsewhere = watchRequests(page);
  const refused = watchRefusals(page);
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.ask('Recommendation: You have to try it.');
  await openFromMenu(page, panel);

  // The panel's prompt is a datapoint, with the answer that the panel explains.
  const row = table(page).getByText("Taste-dislikes: Can't eat eggs");
  await expect(row.first()).toBeVisible({ timeout: COLD });
  await expect(lit(page).getByText('From dataset (target):')).toBeVisible();

  // The model's own answer is the same text, from the same model.
  const options = lit(page).locator('.interstitial-target-option');
  await expect(options).toHaveCount(2, { timeout: COLD });
  await expect(options.nth(1)).toContainText('You have to try it.');
  await options.nth(1).click();

  // Its salience module: choose a target, see what led to it.
  const salience = lit(page).locator('sequence-salience-module');
  await salience.getByText('Sentences', { exact: true }).click();
  const target = salience
    .getByText('Recommendation: You have to try it.')
    .last();
  await target.click();
  await expect(salience.getByText(/^Explaining/)).toBeVisible();
  await expect(salience.locator('.loading-indicator')).toHaveCount(0, {
    timeout: COLD
  });
  const shades = await salience
    .locator('.salient-token')
    .evaluateAll(all => [
      ...new Set(
        all.map(token =>
          getComputedStyle(token).getPropertyValue('--token-bg-color')
        )
      )
    ]);
  expect(shades.length).toBeGreaterThan(3);

  // Icons are pictures, not words.
  const icon = lit(page).locator('.material-icon', { hasText: 'settings' });
  const { width } = (await icon.first().boundingBox())!;
  expect(width).toBeLessThan(30);

  expect(elsewhere).toEqual([]);
  expect(refused).toEqual([]);
});

test('LIT’s page can reach neither JupyterLab nor the server', async ({
  page
}) => {
  test.slow();
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-lit');
  });
  await expect(lit(page).locator('lit-modules')).toBeVisible({
    timeout: COLD
  });
  const frame = page.frames().find(one => one.url().includes('/lit/page'))!;
  const tried = await frame.evaluate(async () => {
    const attempt = async (what: () => unknown) => {
      try {
        return `allowed: ${String(await what())}`;
      } catch (reason) {
        return (reason as Error).name;
      }
    };
    // As the page would without the bridge's own `fetch`.
    const request = (method: string, url: string) =>
      new Promise((resolve, reject) => {
        const asking = new XMLHttpRequest();
        asking.open(method, url);
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
      cookie: await attempt(() => document.cookie),
      storage: await attempt(() => window.localStorage.length),
      server: await attempt(() => request('GET', '/api/contents')),
      status: await attempt(() => request('GET', '/lit-lab/api/status')),
      script: 'hacked' in window,
      frames: await attempt(
        () => window.parent.frames.length && window.top!.location.href
      )
    };
  });
  expect(tried).toEqual({
    origin: 'null',
    parent: 'SecurityError',
    cookie: 'SecurityError',
    storage: 'SecurityError',
    server: 'TypeError',
    status: 'TypeError',
    script: false,
    frames: 'SecurityError'
  });
  // Through the bridge: what isn't on the list is refused, in LIT's own words.
  const saved = await frame.evaluate(async () => {
    const body = JSON.stringify({ inputs: [] });
    const url = './save_datapoints?dataset_name=sample_prompts&path=/tmp/x';
    const answer = await fetch(url, { method: 'POST', body });
    return { status: answer.status, text: await answer.text() };
  });
  expect(saved.status).toBe(500);
  expect(saved.text).toContain('The request is not valid');
});

test('LIT is there again after a reload, and when the service has died', async ({
  page,
  request
}) => {
  test.slow();
  const panel = new Panel(page);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await panel.prompt.fill(PROMPT);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-lit', {
      layout: 'top_bottom'
    });
  });
  const shown = lit(page).getByText('Suggestion: Quiche Lorraine').first();
  await expect(shown).toBeVisible({ timeout: COLD });
  await expect(lit(page).locator('lit-data-table')).toBeVisible();

  // Wait until the layout is saved, then load everything anew.
  await page.waitForTimeout(3_000);
  await page.reload({ waitForIsReady: false });
  await expect(shown).toBeVisible({ timeout: COLD });
  await expect(lit(page).getByText('top_bottom')).toBeVisible();

  // The service dies: the tab says so, offers to go on, and loses nothing.
  process.kill(await servicePid(request), 'SIGKILL');
  const tab = page.getByRole('main').locator('.lit-app');
  await lit(page)
    .getByText('Select all')
    .or(
      lit(page)
        .locator('lit-data-table')
        .getByText('Suggestion: Quiche Lorraine')
    )
    .first()
    .click();
  const frame = page.frames().find(one => one.url().includes('/lit/page'))!;
  await frame.evaluate(async () => {
    await fetch('./get_info?', { method: 'POST', body: '{"inputs":[]}' });
  });
  await expect(tab.getByRole('alert')).toBeVisible({ timeout: COLD });
  await expect(shown).toBeVisible();
  await tab.getByRole('button', { name: 'Retry' }).click();
  await expect(tab.getByRole('alert')).toHaveCount(0);
  await expect(tab.getByRole('status')).toHaveCount(0, { timeout: COLD });
  await expect(shown).toBeVisible();
  const status = await frame.evaluate(async () => {
    const answer = await fetch('./get_info?', {
      method: 'POST',
      body: '{"inputs":[]}'
    });
    return answer.status;
  });
  expect(status).toBe(200);
});

test('the keyboard opens LIT from the palette and stops it', async ({
  page,
  request
}) => {
  test.slow();
  process.kill(await startedPid(page, request), 'SIGKILL');
  await page.keyboard.press('Control+Shift+c');
  await page.keyboard.type('Open in LIT (Three');
  await expect(
    page
      .getByRole('option', { name: /Three Panels/ })
      .or(page.locator('.lm-CommandPalette-item', { hasText: 'Three Panels' }))
      .first()
  ).toBeVisible();
  await page.keyboard.press('Enter');
  const tab = page.getByRole('main').locator('.lit-app');
  await expect(tab.getByRole('status')).toBeVisible();
  await tab.getByRole('button', { name: 'Stop' }).press('Enter');
  await expect(tab.getByText('LIT isn’t running.')).toBeVisible();
  await tab.getByRole('button', { name: 'Start LIT' }).press('Enter');
  await expect(lit(page).getByText('Embeddings').first()).toBeVisible({
    timeout: COLD
  });
});

/** The model service's process id, after having it started. */
async function startedPid(
  page: IJupyterLabPageFixture,
  request: Parameters<typeof servicePid>[0]
): Promise<number> {
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await request.post('/lit-lab/api/service/start');
  return servicePid(request);
}
