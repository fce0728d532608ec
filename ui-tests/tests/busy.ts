/** Computations that keep a model busy for as long as a test needs. */
import { expect } from '@jupyterlab/galata';
import type { APIRequestContext } from '@playwright/test';

import { COLD } from '../patience';

/**
 * Start a computation that takes minutes. Returns its job, which {@link release} ends.
 *
 * @param base - the server's base URL.
 * @param headers - such as the XSRF token, where cookies say who asks.
 */
export async function occupy(
  request: APIRequestContext,
  base = '/',
  headers: Record<string, string> = {}
): Promise<string> {
  const ids = [2, ...Array.from({ length: 120 }, (_, i) => 300 + i)];
  const reply = await request.post(`${base}lit-lab/api/jobs`, {
    headers,
    data: {
      kind: 'salience',
      model: 'demo',
      ids,
      targets: ids.slice(1).map((_, i) => ({ start: i + 1, end: i + 2 })),
      methods: ['integrated_gradients'],
      integration: { steps: 1024 }
    }
  });
  expect(reply.status(), await reply.text()).toBe(202);
  return (await reply.json()).id;
}

/** End such computations, some of which may have ended already. */
export async function release(
  request: APIRequestContext,
  ...jobs: string[]
): Promise<void> {
  await Promise.all(
    jobs.map(job => request.delete(`/lit-lab/api/jobs/${job}`))
  );
}

/**
 * Empty the history, after the jobs that earlier tests left in the queue have ended: an answer continues when its page is
 * closed. Users take turns, so a new computation comes after at most one of each other user.
 */
export async function emptyHistory(request: APIRequestContext): Promise<void> {
  // The first response sets the cookie that identifies a job's owner.
  await request.get('/lit-lab/api/status');
  const reply = await request.post('/lit-lab/api/jobs', {
    data: { kind: 'generate', model: 'demo', prompt: 'x', max_new_tokens: 1 }
  });
  const { id } = await reply.json();
  const events = await request.get(`/lit-lab/api/jobs/${id}/events`, {
    timeout: COLD
  });
  expect(await events.text()).toContain('"done"');
  await request.delete('/lit-lab/api/runs?starred=1');
}

/** How many runs the history holds. */
export async function kept(request: APIRequestContext): Promise<number> {
  const reply = await request.post('/lit-lab/api/runs/search', { data: {} });
  return (await reply.json()).total;
}
