/** When the network breaks, the laptop sleeps or the tab is closed, the job continues, and the panel catches up. */
import { expect, test } from '@playwright/test';
import type { APIRequestContext, Page } from '@playwright/test';

import { open } from '../servers';
import { kept as runs, occupy, release } from './busy';
import {
  analyzeAt,
  COLD,
  kept,
  line,
  Panel,
  PANEL_OPEN,
  resetSettings,
  servicePid,
  workspaceOf
} from './lab';
import { Wire } from './wire';

/** How many seconds the network is down. */
const AWAY = Number(process.env.LIT_LAB_TEST_AWAY ?? 6);

let wire: Wire;
const occupying: string[] = [];

test.beforeEach(async ({ request }) => {
  await resetSettings(request);
  wire = await Wire.to(open.port);
});

test.afterEach(async ({ request }) => {
  // After a test that failed; otherwise all later ones would wait for its computations.
  await release(request, ...occupying.splice(0));
  await wire.close();
});

/** A panel whose request waits behind another user's computation, and that computation. */
async function waiting(
  page: Page,
  request: APIRequestContext,
  workspace: string
): Promise<{ panel: Panel; job: string; other: string }> {
  // JupyterLab reports the lost server in a dialog, which the user closes.
  const lost = page.getByRole('dialog', { name: /^Server Connection Error/ });
  await page.addLocatorHandler(
    lost,
    async () => {
      await lost.getByRole('checkbox', { name: 'Do not show' }).check();
      await lost.getByRole('button', { name: 'Close' }).click();
    },
    { noWaitAfter: true }
  );
  await page.goto(
    `${wire.url}/lab/workspaces/${workspaceOf(workspace)}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await servicePid(request);
  const other = await occupy(request);
  occupying.push(other);
  const asked = page.waitForResponse(
    reply =>
      reply.request().method() === 'POST' &&
      new URL(reply.url()).pathname.endsWith('/api/jobs')
  );
  await panel.run.click();
  const job = (await (await asked).json()).id;
  await expect(panel.region.locator('.lit-waiting-message')).toContainText(
    'position',
    { timeout: COLD }
  );
  return { panel, job, other };
}

/** Let the model continue with the panel's prompt, and wait until it has answered. */
async function answeredMeanwhile(request: APIRequestContext, other: string) {
  const before = await runs(request);
  await release(request, other);
  await expect
    .poll(() => runs(request), { timeout: COLD })
    .toBeGreaterThan(before);
}

test('the network breaks while an answer is awaited', async ({
  page,
  request
}) => {
  test.slow();
  const { panel, other } = await waiting(page, request, 'network-broken');
  wire.cut();
  await expect(panel.region.locator('.lit-waiting-message')).toContainText(
    'Connection lost'
  );
  await answeredMeanwhile(request, other);
  await page.waitForTimeout(1000 * AWAY);
  await expect(panel.stop).toBeVisible();
  wire.mend();
  // The missed events are replayed, and then the map works.
  await panel.answered('Recommendation:');
  await expect(panel.alert).toHaveCount(0);
  await panel.explain('Recommendation:');
});

test('the laptop sleeps while an answer is awaited @long', async ({
  page,
  request
}) => {
  test.slow();
  const { panel, other } = await waiting(page, request, 'network-asleep');
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
  wire.cut();
  await answeredMeanwhile(request, other);
  await new Promise(resolve => setTimeout(resolve, 1000 * AWAY));
  wire.mend();
  await cdp.send('Page.setWebLifecycleState', { state: 'active' });
  await panel.answered('Recommendation:');
  await expect(panel.alert).toHaveCount(0);
  await panel.explain('Recommendation:');
});

test('the tab is closed while an answer is awaited, and another one opened @long', async ({
  page,
  context,
  request
}) => {
  test.slow();
  const { job, other } = await waiting(page, request, 'network-closed');
  // The state is saved a moment after the last click.
  await kept(
    page,
    `workspaces/${workspaceOf('network-closed')}`,
    new RegExp(job),
    PANEL_OPEN
  );
  await page.close();
  await answeredMeanwhile(request, other);
  const next = await context.newPage();
  await next.goto(
    `${wire.url}/lab/workspaces/${workspaceOf('network-closed')}`
  );
  const panel = new Panel(next);
  await panel.answered('Recommendation:');
  await panel.explain('Recommendation:');
});
