/** On a server with a token and the XSRF check, as people run it. */
import { expect, test } from '@playwright/test';

import { secure } from '../servers';
import { analyzeAt, line, overlay, Panel } from './lab';

test.use({ baseURL: secure.url });

test.beforeEach(async ({ page }) => {
  // The token logs in once; from then on a cookie says who it is.
  await page.goto(`/api/status?token=${secure.token}`);
  // JupyterLab's page holds the token too, and requests that carry it need no
  // XSRF check. Without it, the page can do no more than the cookie allows.
  await page.route(/\/lab(\/tree\/.*)?$/, async route => {
    const reply = await route.fetch();
    const body = (await reply.text()).replaceAll(secure.token, '');
    await route.fulfill({ response: reply, body });
  });
});

test('nothing answers without credentials, nothing acts without the XSRF token', async ({
  page,
  playwright
}) => {
  const stranger = await playwright.request.newContext({
    baseURL: secure.url
  });
  for (const path of ['status', 'models', 'jobs']) {
    const reply = await stranger.get(`/lit-lab/api/${path}`);
    expect([401, 403], path).toContain(reply.status());
  }
  await stranger.dispose();

  const known = await page.request.get('/lit-lab/api/status');
  expect(known.status()).toBe(200);
  const forged = await page.request.post('/lit-lab/api/jobs', {
    data: { kind: 'generate', model: 'demo', prompt: 'Hello' }
  });
  expect(forged.status()).toBe(403);
});

test('the workflow works, and what the model reads is shown as text', async ({
  page
}) => {
  test.slow();
  const panel = new Panel(page);
  const unsafe: string[] = [];
  page.on('request', request => {
    const headers = request.headers();
    const acts = request.method() !== 'GET';
    if (
      request.url().includes('/lit-lab/api/') &&
      (headers['authorization'] || (acts && !headers['x-xsrftoken']))
    ) {
      unsafe.push(`${request.method()} ${request.url()}`);
    }
  });

  await page.goto('/lab/tree/prompt_debugging.ipynb');
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.ask('Recommendation: You have to try it.');
  await panel.explain('Recommendation: You have to try it.');
  await expect(
    overlay(line(page, 'Recommendation: You have to try it.')).first()
  ).toBeVisible();
  expect(unsafe).toEqual([]);

  const attack = '<script>window.hacked = 1</script>';
  const image = '<img src="x" onerror="window.hacked = 2">';
  await panel.edit.click();
  await panel.prompt.fill(`${attack}\n${image}\nAnalysis:`);
  await panel.ask(/\S/);
  await expect(panel.segments('Prompt', attack)).toBeVisible();
  await expect(panel.segments('Prompt', image)).toBeVisible();
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await panel.segments('Prompt').first().hover();
  await expect(panel.region.locator('img[src="x"], script')).toHaveCount(0);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
});
