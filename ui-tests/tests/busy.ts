/** Work that keeps a model busy for as long as a test wants. */
import { expect } from '@jupyterlab/galata';
import type { APIRequestContext } from '@playwright/test';

import { COLD } from '../patience';

/** Start a computation that takes minutes; returns its job, to be ended by {@link release}. */
export async function occupy(request: APIRequestContext): Promise<string> {
  const ids = [2, ...Array.from({ length: 120 }, (_, i) => 300 + i)];
  const reply = await request.post('/lit-lab/api/jobs', {
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

/** End such computations; some may have ended. */
export async function release(
  request: APIRequestContext,
  ...jobs: string[]
): Promise<void> {
  await Promise.all(
    jobs.map(job => request.delete(`/lit-lab/api/jobs/${job}`))
  );
}

/**
 * Empty the history, once all has come into it that earlier tests left in the queue: an answer goes on when its page is
 * closed. Turns go round, so that a computation that comes now is behind one of each of the others.
 */
export async function emptyHistory(request: APIRequestContext): Promise<void> {
  // The first answer brings the cookie that says whose a job is.
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
