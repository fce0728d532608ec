import { nullTranslator } from '@jupyterlab/translation';

import type { AblationRequest, RunRecord } from '../api';
import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import type { FakeJob } from './fakeJob';
import { PROMPT, Scenario } from './scenario';
import { Session } from './session';

/** The costs of the prompt's sentences. */
const COSTS = [0.01, 1.5, -0.4, 0.2, 0, 0];

describe('session: LIME and SHAP from the sets that effects scored', () => {
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    scenario = await Scenario.begin();
    ({ client, session } = scenario);
    client.effectsCost = { passes: 55, seconds: 4 };
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    session.explanation.pickSegment(scenario.token(8));
  });

  afterEach(() => {
    session.dispose();
  });

  const set = async (settings: Partial<Session['settings']>) => {
    session.settings = { ...session.settings, ...settings };
    await settle();
  };

  const score = async (count?: number) => {
    sendEffects(client.last, COSTS, count);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
  };

  const requested = () =>
    session.explanation.demand!.computation!.request as AblationRequest;

  /** Answer as the service does. */
  async function ablate(job: FakeJob, adaptive: boolean): Promise<void> {
    job.segmentScores(i => 2 + i, { sets: 64, adaptive });
    await settle();
  }

  it('sends them, but not those that measure maps', async () => {
    await score();
    await set({ method: 'lime' });
    const { mode, edited, segments, samples } = requested();
    const { seam } = session.explanation.text!;
    expect(mode).toBe('text');
    expect(samples).toBeUndefined();
    expect(segments).toHaveLength(4);
    expect(segments[3].end).toBeLessThanOrEqual(seam);
    expect(edited).toMatchObject({
      prompt: PROMPT,
      chat: 'off',
      answer_start: seam,
      num_random: 32
    });
    expect(edited!.segments.map(({ start, end }) => [start, end])).toEqual([
      [0, 9],
      [10, 18],
      [19, 35],
      [36, 45]
    ]);
    // The prompt as it is, each of its sentences, and the random sets.
    expect(edited!.removed).toHaveLength(1 + 4 + 32);
    expect(edited!.removed!.slice(0, 2)).toEqual([[], [3]]);
    const { target } = requested();
    const tokens = target.end - target.start;
    expect(edited!.logprobs![0]).toBeCloseTo(-0.1 * tokens);
    expect(edited!.logprobs![3]).toBeCloseTo(-1.6 * tokens);
  });

  it('sends pairs that were tried, too, but not as random sets', async () => {
    await score();
    session.explanation.pairs!.start();
    await settle();
    await score();
    await set({ method: 'lime' });
    const { edited } = requested();
    expect(edited!.removed).toHaveLength(1 + 4 + 6 + 32);
    expect(edited!.removed!.slice(5, 11)).toContainEqual([1, 3]);
    expect(edited!.num_random).toBe(32);
  });

  it('takes a block that isn’t complete for no random sets: it is sorted', async () => {
    // The prompt, its sentences and two of the answer; what measures; a block and a half.
    await score(1 + 4 + 2 + 16 + 24);
    await set({ method: 'lime' });
    const { edited } = requested();
    expect(edited!.removed).toHaveLength(1 + 4 + 24);
    expect(edited!.num_random).toBe(16);
  });

  it('makes a map of the prompt’s sentences, and stores it', async () => {
    await score();
    await set({ method: 'lime', shadeBy: 'share' });
    session.explanation.demand!.computation!.start();
    await settle();
    await ablate(client.last, true);
    const { map } = session.explanation;
    expect(map!.segments.slice(0, 4).map(({ rank }) => rank)).toEqual([
      4, 3, 2, 1
    ]);
    // The answer's first sentence stayed.
    expect(map!.segments[4].rank).toBeNull();
    const record = session.shown!.record();
    const kept = record.scores.filter(({ mode }) => mode === 'text');
    expect(kept).toHaveLength(1);
    session.reopen(
      JSON.parse(JSON.stringify(record)) as RunRecord,
      new FakeSource(PROMPT)
    );
    await settle();
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.segments[3].rank).toBe(1);
    // As LIT computes it, it is another map.
    await set({ ablationSets: 'lit' });
    expect(session.explanation.map).toBeNull();
    expect(requested().samples).toBe(256);
    expect(requested().mode).toBe('remove');
  });

  it('knows more when effects know more, until it has started', async () => {
    await score(7);
    await set({ method: 'shap' });
    expect(requested().edited!.removed).toHaveLength(5);
    const offered = session.explanation.demand!.computation!;
    await score();
    expect(requested().edited!.removed).toHaveLength(37);
    expect(session.explanation.demand!.computation).not.toBe(offered);
    session.explanation.demand!.computation!.start();
    await settle();
    session.explanation.demand!.computation!.cancel();
    expect(session.explanation.demand!.computation!.wasCancelled).toBe(true);
  });

  it('tries what is asked for where nothing of it is known', async () => {
    await set({ method: 'lime' });
    expect(requested()).toMatchObject({ mode: 'remove' });
    expect(requested().edited).toBeUndefined();
    const first = session.explanation.demand!.computation!;
    first.start();
    await settle();
    await ablate(client.last, true);
    // A map that is there stays when effects arrive.
    client.jobs
      .filter(({ request }) => request.kind === 'effects')
      .slice(-1)
      .forEach(job => {
        sendEffects(job, COSTS);
        job.send({ event: 'done', seconds: 1 });
      });
    await settle();
    expect(session.explanation.demand!.computation).toBe(first);
    await set({ granularity: 'words' });
    expect(requested().edited).toBeUndefined();
    await set({ granularity: 'sentences', ablationMode: 'mask' });
    expect(requested()).toMatchObject({ mode: 'mask' });
  });

  it('shows maps of a fixed number of sets, as stored, under either setting', async () => {
    await set({ method: 'lime', ablationSets: 'lit' });
    session.explanation.demand!.computation!.start();
    await settle();
    await ablate(client.last, false);
    const record = JSON.parse(
      JSON.stringify(session.shown!.record())
    ) as RunRecord;
    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.service.refresh();
    next.reopen(record, new FakeSource(PROMPT));
    await settle();
    for (const ablationSets of ['lit', 'needed'] as const) {
      next.settings = { ...session.settings, ablationSets };
      next.explanation.pickSegment(scenario.token(8));
      expect(next.explanation.map!.method).toBe('lime');
    }
    expect(
      next.shown!.record().scores.filter(({ mode }) => mode === 'remove')
    ).toHaveLength(1);
    next.dispose();
  });
});
