/** Security on a server with Jupyter's defaults, a token and the XSRF check. */
import { expect, test } from '@playwright/test';
import type { Page } from '@playwright/test';

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
  await panel.generate('Recommendation: You have to try it.');
  await panel.explain('Recommendation: You have to try it.');
  await expect(
    overlay(line(page, 'Recommendation: You have to try it.')).first()
  ).toBeVisible();
  expect(unsafe).toEqual([]);

  const attack = '<script>window.hacked = 1</script>';
  const image = '<img src="x" onerror="window.hacked = 2">';
  await panel.edit.click();
  await panel.prompt.fill(`${attack}\n${image}\nAnalysis:`);
  await panel.generate(/\S/);
  await expect(panel.segments('Prompt', attack)).toBeVisible();
  await expect(panel.segments('Prompt', image)).toBeVisible();
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await panel.segments('Prompt').first().hover();
  await expect(panel.region.locator('img[src="x"], script')).toHaveCount(0);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
});

const MIME_TYPE = 'application/vnd.lit-lab.run+json';
const SCRIPT = '<script>window.hacked = 1</script>';
const IMAGE = '<img src="x" onerror="window.hacked = 2">';

const token = (text: string, id = 5) => ({
  id,
  piece: text,
  text,
  kind: 'text'
});

/** A valid run, as a notebook stores it. */
const GOOD = {
  id: 'r',
  created: 1_700_000_000,
  model: 'demo',
  prompt: ' One. Two.',
  answer: ' Three.',
  sampling: {
    temperature: 0,
    top_k: null,
    top_p: null,
    seed: 0,
    repetition_penalty: 1
  },
  stop: [],
  prompt_tokens: [token(' One.'), token(' Two.')],
  answer_tokens: [{ ...token(' Three.'), logprob: -0.5 }],
  reason: 'end',
  seconds: 1,
  scores: [
    {
      mode: null,
      event: {
        event: 'scores',
        target: { start: 2, end: 3 },
        method: 'grad_l2',
        scores: [0.5, 0.25, 0]
      }
    }
  ]
};

const scored = (change: object) => ({
  ...GOOD,
  scores: [{ mode: null, event: { ...GOOD.scores[0].event, ...change } }]
});

/** An output's data, by its defect. */
const CRAFTED: Record<string, unknown> = {
  'a number': 7,
  'a text': IMAGE,
  'a list': [[[]]],
  'no fields': {},
  'no answer': { ...GOOD, answer_tokens: undefined },
  'a prompt of another type': { ...GOOD, prompt: { toString: SCRIPT } },
  'tokens of another type': { ...GOOD, prompt_tokens: 'abc' },
  'a token that is null': { ...GOOD, answer_tokens: [null] },
  'a kind that is HTML': {
    ...GOOD,
    prompt_tokens: [{ ...token('a'), kind: IMAGE }]
  },
  'a time that no date has': { ...GOOD, created: 1e300 },
  'a huge probability': {
    ...GOOD,
    answer_tokens: [{ ...token('a'), logprob: 'NaN' }]
  },
  'a seed beyond all whole numbers': {
    ...GOOD,
    sampling: { ...GOOD.sampling, seed: 1e300 }
  },
  'scores that are none': scored({ scores: ['NaN', IMAGE, null] }),
  'fewer scores than tokens': scored({ scores: [0.5] }),
  'more scores than tokens': scored({ scores: new Array(99).fill(1) }),
  'a target outside': scored({ target: { start: 2, end: 99_999 } }),
  'packed, of lists that differ': {
    ...GOOD,
    packed: 1,
    seam: 1,
    tokens: { ids: 'AAAAAA==', pieces: [IMAGE], texts: [], kinds: 'x' },
    logprobs: ''
  },
  'packed, and no base64': {
    ...GOOD,
    packed: 1,
    seam: 0,
    tokens: { ids: IMAGE, pieces: [], texts: [], kinds: '' },
    logprobs: SCRIPT
  },
  'packed, with nothing in it': { ...GOOD, packed: 2 },
  'of a later format': { ...GOOD, packed: 3 },
  'very long': { ...GOOD, prompt: 'x'.repeat(4_000_001) },
  // If it were much deeper, Jupyter itself couldn't read the notebook.
  'very deep': {
    ...GOOD,
    prompt_tokens: [JSON.parse('['.repeat(60) + ']'.repeat(60)) as unknown]
  }
};

/** Upload an untrusted notebook with crafted outputs, a valid one, and text before and after them. */
async function upload(page: Page, name: string): Promise<void> {
  const code = (id: string, all: readonly unknown[]) => ({
    cell_type: 'code',
    id,
    metadata: {},
    source: '',
    execution_count: null,
    outputs: all.map(data => ({
      output_type: 'display_data',
      metadata: {},
      data: { [MIME_TYPE]: data, 'text/html': SCRIPT, 'text/plain': '' }
    }))
  });
  const words = (id: string, source: string) => ({
    cell_type: 'markdown',
    id,
    metadata: {},
    source
  });
  const whole = {
    ...GOOD,
    prompt_tokens: [token(SCRIPT), token(IMAGE)],
    prompt: SCRIPT + IMAGE,
    terms: { name: IMAGE, url: 'javascript:window.hacked = 3' }
  };
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {},
    cells: [
      words('first', 'What is before.'),
      code('crafted', Object.values(CRAFTED)),
      code('whole', [whole]),
      words('last', 'What is behind.')
    ]
  };
  const file = JSON.stringify(notebook);
  const xsrf = (await page.context().cookies()).find(
    cookie => cookie.name === '_xsrf'
  );
  const reply = await page.request.put(`/api/contents/${name}`, {
    headers: {
      Authorization: `token ${secure.token}`,
      'X-XSRFToken': xsrf?.value ?? ''
    },
    data: { type: 'file', format: 'text', content: file }
  });
  expect(reply.ok(), await reply.text()).toBe(true);
}

test('crafted outputs say what is wrong with them, and the notebook is shown @long', async ({
  page
}) => {
  test.slow();
  const broken: string[] = [];
  page.on('pageerror', error => broken.push(error.message));
  await page.goto('/lab/workspaces/crafted');
  await upload(page, 'crafted.ipynb');
  await page.goto('/lab/workspaces/crafted/tree/crafted.ipynb');
  const notebook = page.getByRole('main').locator('.jp-Notebook');
  await expect(notebook).toBeVisible();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'No Kernel' })
    .click();
  await expect(
    notebook.locator('p', { hasText: 'What is before.' })
  ).toBeVisible();
  const names = Object.keys(CRAFTED);
  const crafted = notebook.locator('.jp-CodeCell').first();
  const outputs = crafted.locator('.lit-output');
  await expect(outputs).toHaveCount(names.length);
  for (const [i, name] of names.entries()) {
    const alert = outputs.nth(i).getByRole('alert');
    await expect(alert, name).toContainText('This run can’t be shown.');
    // The reason, and what to do.
    await expect(alert, name).toHaveText(/shown\. .{10,}\. .{10,}\.$/s);
  }
  await expect(crafted.locator('article')).toHaveCount(0);

  // The valid run is drawn, with its content as text. Cells off screen are drawn once they are scrolled into view.
  await notebook
    .locator('p', { hasText: 'What is behind.' })
    .scrollIntoViewIfNeeded();
  const article = notebook.locator('.lit-output article');
  await expect(article).toContainText(SCRIPT);
  await expect(article).toContainText(IMAGE);
  await expect(
    notebook
      .locator('.lit-output')
      .locator('img, script, iframe, a[href^="javascript"]')
  ).toHaveCount(0);
  expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
  expect(broken).toEqual([]);
});
