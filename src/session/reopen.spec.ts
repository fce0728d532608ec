import { nullTranslator } from '@jupyterlab/translation';

import type { KeptScores, RunRecord } from '../api';
import { FakeClient, FakeSource, settle } from './fakes';
import { fakeRecord, tokens } from './fixtures';
import { KeptSource } from './keptsource';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief. Be kind.\nAnalysis:';
const ANSWER = ' It has onions. Avoid.';

const SAVED_PROMPT = {
  text: null,
  typed: {},
  found: {},
  edited: PROMPT,
  left: [],
  origin: null,
  link: null,
  isLost: false
};

function record(scores: KeptScores[] = []): RunRecord {
  const origin = { document: 'n.ipynb', place: ['cell 1'] };
  return fakeRecord(PROMPT, ANSWER, { origin, scores });
}

/** Where the answer's second sentence is. */
const seam = tokens(PROMPT).length;
const target = {
  start: seam + 3,
  end: seam + tokens(ANSWER).length
};
const numTokens = target.end;

function kept(method: 'grad_l2' | 'grad_dot_input'): KeptScores {
  return {
    mode: null,
    event: {
      event: 'scores',
      target,
      method,
      scores: Array.from({ length: numTokens }, (_, i) => i),
      gap: null,
      foil: null
    }
  };
}

describe('session: runs of the history', () => {
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    client = new FakeClient();
    session = new Session(client, trans);
    await session.service.refresh();
    client.started = 0;
  });

  afterEach(() => session.dispose());

  function reopen(run: RunRecord): void {
    session.reopen(run, new KeptSource(run, 'earlier', () => undefined));
  }

  it('shows a run with its map, without the model', async () => {
    reopen(record([kept('grad_l2'), kept('grad_dot_input')]));
    await settle();
    expect(session.prompt.value).toBe(PROMPT);
    expect(session.prompt.origin?.document).toBe('n.ipynb');
    expect(session.runs.isStale).toBe(false);
    expect(session.explanation.pickSegment(target.start)).toBe(true);
    await settle();
    expect(session.explanation.target).toEqual([target.start, target.end]);
    expect(session.explanation.map?.method).toBe('grad_l2');
    expect(session.explanation.map?.numRanked).toBeGreaterThan(1);
    expect(client.jobs).toHaveLength(0);
    expect(client.started).toBe(0);
  });

  it('computes a target that was never explained', async () => {
    reopen(record([kept('grad_l2'), kept('grad_dot_input')]));
    await settle();
    expect(client.jobs).toHaveLength(0);
    session.explanation.pickSegment(seam);
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'salience',
      targets: [{ start: seam, end: seam + 3 }]
    });
  });

  it('has the scores of a costly method', async () => {
    reopen(
      record([
        {
          mode: null,
          event: { ...kept('grad_l2').event, method: 'integrated_gradients' }
        } as KeptScores
      ])
    );
    session.settings = { ...session.settings, method: 'integrated_gradients' };
    session.explanation.pickSegment(target.start);
    await settle();
    expect(session.explanation.map?.method).toBe('integrated_gradients');
    expect(session.explanation.demand?.computation?.phase).toBe('done');
    expect(client.jobs).toHaveLength(0);
    expect(client.estimated).toHaveLength(0);
  });

  it('has the scores of an ablation that took the same parts away', async () => {
    session.settings = { ...session.settings, method: 'leave_one_out' };
    reopen(record());
    session.explanation.pickSegment(target.start);
    await settle();
    const asked = session.explanation.demand!.computation!.request;
    if (asked.kind !== 'ablation') {
      throw new Error('no ablation');
    }
    const event = {
      event: 'segment_scores' as const,
      target: asked.target,
      method: asked.method,
      segments: asked.segments,
      scores: asked.segments.map((_, i) => i),
      errors: null,
      logprob: -1,
      passes: 3,
      sets: null,
      adaptive: false,
      foil: null
    };
    reopen(record([{ mode: asked.mode ?? null, event }]));
    session.explanation.pickSegment(target.start);
    await settle();
    expect(session.explanation.map?.method).toBe('leave_one_out');
    expect(client.jobs).toHaveLength(0);
  });

  it('keeps a text that was edited by hand', async () => {
    session.open(new FakeSource('something'));
    session.prompt.edit('my own');
    reopen(record());
    expect(session.prompt.left).toBe('my own');
  });

  it('stops what is under way', async () => {
    session.open(new FakeSource('something'));
    const running = session.runs.generate();
    await settle();
    const job = client.last;
    reopen(record());
    await running;
    expect(job.isCancelled).toBe(true);
    expect(session.runs.shown?.jobId).toBe('old');
    expect(session.runs.attempt).toBeNull();
  });

  it('says where a prompt came from, to be kept', async () => {
    session.open(new FakeSource('something'));
    const running = session.runs.generate();
    await settle();
    expect(client.last.request).toMatchObject({
      origin: { document: 'a/prompts.ipynb', place: ['cell 2', 'f-string'] }
    });
    client.last.answer('something', 'x');
    await running;
  });

  it('has the last answer after a reload, the server restarted meanwhile', async () => {
    client.kept.set('old', record([kept('grad_l2'), kept('grad_dot_input')]));
    await session.restore({
      version: 5,
      prompt: SAVED_PROMPT,
      model: null,
      run: { ...record(), jobId: 'old', started: 5, values: {}, chat: 'off' },
      attempt: null,
      work: { salience: [], demanded: [] },
      target: [target.start, target.end]
    });
    await settle();
    expect(session.runs.shown?.phase).toBe('done');
    expect(session.explanation.map?.numRanked).toBeGreaterThan(1);
    expect(session.runs.attempt).toBeNull();
  });
});
