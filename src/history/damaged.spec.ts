/** Runs of the history that somebody changed in its file: shown, or refused in words. */
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';

import { ApiClient } from '../api';
import { changed, INSTEAD, pathsOf } from '../api/damage';
import type { Json } from '../api/damage';
import { finished } from '../export/fixtures';
import { FakeClient, settle } from '../session/fakes';
import type { IProblem } from '../session/problem';
import { Session } from '../session/session';
import { HistoryModel } from './model';

const trans = nullTranslator.load('lit_lab');
const TARGET = { start: 3, end: 4 };
const RUN = finished('One. Two.', ' Three.', {
  terms: { name: 'Terms', url: 'https://example.org' }
});
RUN.answer_tokens[0].alternatives = [
  { id: 9, piece: '▁Four', text: ' Four', logprob: -2 }
];
RUN.scores!.push(
  {
    mode: 'mask',
    event: {
      event: 'segment_scores',
      target: TARGET,
      method: 'lime',
      segments: [{ start: 0, end: 2 }],
      scores: [0.5],
      errors: [0.1],
      logprob: -1,
      passes: 9,
      sets: null,
      adaptive: false,
      foil: null
    }
  },
  {
    mode: null,
    event: {
      event: 'scores',
      target: TARGET,
      method: 'grad_l2',
      scores: [1, 2, 3, 0],
      gap: null,
      foil: [7, 8]
    }
  }
);
const GOOD = JSON.parse(JSON.stringify(RUN)) as Json;

/** jsdom has no requests. */
class PlainRequest {
  readonly headers = new Map<string, string>();
}

/** A client of a server that answers this to whatever is asked. */
function clientOf(answer: unknown): ApiClient {
  return new ApiClient({
    serverSettings: ServerConnection.makeSettings({
      baseUrl: 'http://localhost/',
      fetch: async () =>
        ({ ok: true, text: async () => JSON.stringify(answer) }) as Response,
      Request: PlainRequest as unknown as typeof Request
    })
  });
}

/** Open it from the history, and look at it as the panel does. */
async function open(answer: unknown): Promise<{
  session: Session;
  history: HistoryModel;
  problem: IProblem | null;
}> {
  const session = new Session(new FakeClient(), trans);
  const history = new HistoryModel(
    clientOf(answer),
    session,
    () => undefined,
    trans
  );
  const problem = await history.openById('r1');
  await settle();
  session.explanation.pickSegment(TARGET.start);
  await settle();
  return { session, history, problem };
}

describe('a run of the history', () => {
  it('is taken as it is, with all its scores', async () => {
    expect(await clientOf(GOOD).run('r1')).toEqual(RUN);
    const { session, history, problem } = await open(GOOD);
    expect(problem).toBeNull();
    expect(session.runs.shown?.answerTokens).toEqual(RUN.answer_tokens);
    expect(session.explanation.map?.method).toBe('grad_l2');
    history.dispose();
    session.dispose();
  });

  const paths = pathsOf(GOOD).filter(path => path.length > 0);
  it.each([...INSTEAD.keys()])(
    'is shown or refused in words, with value %s anywhere in it',
    async index => {
      let refused = 0;
      for (const path of paths) {
        const damaged = changed(GOOD, path, INSTEAD[index]);
        const { session, history, problem } = await open(damaged).catch(
          reason => {
            throw new Error(`${path.join('.')}: ${String(reason)}`);
          }
        );
        if (session.runs.shown === null) {
          refused += 1;
          expect(problem?.message).toMatch(/^This run can’t.*\.$/s);
          expect(problem?.hint).not.toBe('');
          expect(problem?.remedies).toEqual([]);
        } else {
          expect(problem).toBeNull();
        }
        history.dispose();
        session.dispose();
      }
      expect(refused).toBeGreaterThan(5);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    }
  );

  it('that can’t be shown leaves alone what is shown', async () => {
    const session = new Session(new FakeClient(), trans);
    let answer: unknown = GOOD;
    const client = new FakeClient() as unknown as ApiClient;
    client.run = id => clientOf(answer).run(id);
    const history = new HistoryModel(client, session, () => undefined, trans);
    await history.openById('r1');
    const shown = session.runs.shown;
    answer = changed(GOOD, ['answer_tokens', '0', 'logprob'], 'likely');
    expect((await history.openById('r2'))?.message).toContain(
      'answer_tokens[0].logprob is no number'
    );
    expect(session.runs.shown).toBe(shown);
    answer = GOOD;
    expect(await history.openById('r1')).toBeNull();
    history.dispose();
    session.dispose();
  });
});
