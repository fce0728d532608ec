import { ApiError } from '../api';
import { settle } from './fakes';
import type { FakeClient } from './fakes';
import type { FakeJob } from './fakeJob';
import { ablationSegments } from './ablationSegments';
import { ANSWER, PROMPT, Scenario } from './scenario';
import type { Session } from './session';

describe('session/demand', () => {
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    scenario = await Scenario.begin();
    ({ client, session } = scenario);
    await scenario.mapped();
    session.explanation.pickSegment(scenario.token(4));
    await settle();
  });

  afterEach(() => {
    session.dispose();
  });

  const set = async (settings: Partial<Session['settings']>) => {
    session.settings = { ...session.settings, ...settings };
    await settle();
  };

  /** Answer an ablation job: the first part weighs most, and against. */
  function ablate(job: FakeJob): void {
    job.send({ event: 'progress', done: 1, total: 2 });
    job.segmentScores(i => (i === 0 ? -6 : i));
  }

  it('offers what is costly, and computes it on request', async () => {
    const jobs = client.jobs.length;
    await set({ method: 'shap' });
    expect(session.explanation.map).toBeNull();
    expect(client.jobs).toHaveLength(jobs);
    const { computation, refusal } = session.explanation.demand!;
    expect(refusal).toBeNull();
    expect(computation!.phase).toBe('offered');
    expect(computation!.estimate).toEqual({ passes: 40, seconds: 3 });

    computation!.start();
    await settle();
    expect(client.jobs).toHaveLength(jobs + 1);
    // `<bos>` stays; what is taken away ends before the target.
    const text = session.explanation.text!;
    const parts = text.segments.filter(
      ([, end]) => end <= session.explanation.target![0]
    );
    expect(client.last.request).toMatchObject({
      kind: 'ablation',
      method: 'shap',
      mode: 'remove',
      segments: parts.map(([start, end]) => ({ start, end }))
    });
    expect(parts[0][0]).toBe(1);
    ablate(client.last);
    await settle();
    const map = session.explanation.map!;
    expect(map.method).toBe('shap');
    expect(map.segments[0]).toMatchObject({ score: -6, rank: 1, error: 0.5 });
    // Against the target has the other colour.
    expect(map.weights[0]).toBe(-1);
    const shares = map.segments.map(s => s.share ?? 0);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1);

    // Other segments are another computation; coming back is none.
    await set({ granularity: 'lines' });
    expect(session.explanation.map).toBeNull();
    expect(session.explanation.demand!.computation!.phase).toBe('offered');
    await set({ granularity: 'sentences' });
    expect(session.explanation.map).not.toBeNull();
    expect(client.jobs).toHaveLength(jobs + 1);
    await set({ ablationMode: 'mask' });
    expect(session.explanation.map).toBeNull();
  });

  it('starts by itself what is quick, but not again once it was cancelled', async () => {
    client.cost = { passes: 8, seconds: 0.4 };
    await set({ method: 'leave_one_out' });
    const { computation } = session.explanation.demand!;
    expect(computation!.phase).toBe('running');
    expect(client.last.request).toMatchObject({ kind: 'ablation' });
    client.last.send({ event: 'progress', done: 3, total: 8 });
    await settle();
    expect(computation!.progress).toEqual({ done: 3, total: 8 });
    computation!.cancel();
    await settle();
    expect(client.last.isCancelled).toBe(true);
    expect(computation!.phase).toBe('offered');
    await set({ method: 'grad_l2' });
    await set({ method: 'leave_one_out' });
    expect(session.explanation.demand!.computation).toBe(computation);
    expect(computation!.phase).toBe('offered');
  });

  it('asks for an estimate again while the speed is unknown', async () => {
    client.cost = { passes: 40, seconds: null };
    await set({ method: 'lime' });
    expect(session.explanation.demand!.computation!.phase).toBe('offered');
    await set({ method: 'grad_l2' });
    client.cost = { passes: 40, seconds: 20 };
    await set({ method: 'lime' });
    expect(session.explanation.demand!.computation!.estimate!.seconds).toBe(20);
    expect(client.estimated).toHaveLength(2);
  });

  it('computes integrated gradients once for all granularities, and turns them', async () => {
    await set({ method: 'integrated_gradients' });
    session.explanation.demand!.computation!.start();
    await settle();
    const { request } = client.last;
    expect(request).toMatchObject({
      kind: 'salience',
      methods: ['integrated_gradients'],
      targets: [
        {
          start: session.explanation.target![0],
          end: session.explanation.target![1]
        }
      ]
    });
    client.last.demandedScores(() => 1, 0.004);
    await settle();
    expect(session.explanation.map!.gap).toBe(0.004);
    // What raises the loss is against the target.
    expect(session.explanation.map!.weights[0]).toBeLessThan(0);
    const jobs = client.jobs.length;
    await set({ granularity: 'tokens' });
    expect(session.explanation.map).not.toBeNull();
    expect(client.jobs).toHaveLength(jobs);
    expect(session.explanation.maps.map(map => map.method)).toEqual([
      'grad_l2',
      'grad_dot_input',
      'integrated_gradients'
    ]);
  });

  it('sums the shares of flow, and needs no segments for them', async () => {
    await set({ method: 'flow' });
    const { computation, numSegments } = session.explanation.demand!;
    expect(numSegments).toBe(0);
    computation!.start();
    await settle();
    const { request } = client.last;
    expect(request).toMatchObject({ kind: 'salience', methods: ['flow'] });
    const [start] = session.explanation.target!;
    const scores = session.explanation.text!.tokens.map((_, i) =>
      i < start ? 0.01 * (i + 1) : 0
    );
    client.last.demandedScores(i => scores[i], null);
    await settle();
    for (const granularity of [
      'sentences',
      'words',
      'paragraphs',
      'tokens'
    ] as const) {
      await set({ granularity });
      const map = session.explanation.map!;
      expect(map.isSigned).toBe(false);
      for (const { span, score, share } of map.segments) {
        if (share !== null) {
          const sum = scores
            .slice(span[0], span[1])
            .reduce((total, one) => total + one, 0);
          expect(score).toBeCloseTo(sum);
        }
      }
    }
    await set({ aggregation: 'max', granularity: 'sentences' });
    const [{ span, score }] = session.explanation.map!.segments;
    expect(score).toBeCloseTo(Math.max(...scores.slice(span[0], span[1])));
    // Its test has curves, and no noise: that needs a gradient.
    session.explanation.test!.start();
    await settle();
    expect(client.last.request).toMatchObject({
      kind: 'faithfulness',
      method: null
    });
  });

  it('tells a failure, and tries again', async () => {
    await set({ method: 'lime' });
    const { computation } = session.explanation.demand!;
    client.failure = new ApiError({
      error: 'out_of_memory',
      message: 'No memory left.',
      hint: ''
    });
    computation!.start();
    await settle();
    expect(computation!.phase).toBe('failed');
    expect(computation!.problem!.message).toBe('No memory left.');
    client.failure = null;
    computation!.start();
    await settle();
    ablate(client.last);
    await settle();
    expect(session.explanation.map!.method).toBe('lime');
  });

  it('is on offer again when somebody else cancelled it', async () => {
    await set({ method: 'lime' });
    session.explanation.demand!.computation!.start();
    await settle();
    client.last.send({ event: 'cancelled' });
    await settle();
    expect(session.explanation.demand!.computation!.phase).toBe('offered');
    expect(session.explanation.demand!.computation!.problem).toBeNull();
  });

  it('makes way for a run', async () => {
    await set({ method: 'lime' });
    const { computation } = session.explanation.demand!;
    computation!.start();
    await settle();
    const job = client.last;
    const running = session.runs.generate();
    await settle();
    expect(job.isCancelled).toBe(true);
    expect(computation!.phase).toBe('offered');
    client.last.answer(PROMPT, ANSWER);
    await running;
    expect(computation!.isDisposed).toBe(true);
  });

  it('tests the map that is shown, in its order for the target', async () => {
    await set({ method: 'grad_dot_input' });
    const test = session.explanation.test!;
    expect(test.request).toMatchObject({
      kind: 'faithfulness',
      method: 'grad_dot_input',
      scores: session.explanation
        .map!.segments.filter(s => s.rank !== null)
        .map(s => s.score)
    });
    test.start();
    await settle();
    const points = [
      { share: 0, logprob: -1 },
      { share: 1, logprob: -9 }
    ];
    client.last.send({
      event: 'curve',
      kind: 'deletion',
      order: 'map',
      points
    });
    await settle();
    expect(test.result.curves).toHaveLength(1);
    expect(test.result.numbers).toBeNull();
    client.last.send(
      {
        event: 'faithfulness',
        target: { start: 1, end: 2 },
        effect: 8,
        logprob_range: 9,
        faithfulness: 0.4,
        deviation: 0.1,
        length_adjusted: 0.2,
        stability: 0.9,
        passes: 70
      },
      { event: 'done', seconds: 1 }
    );
    await settle();
    expect(test.result.numbers!.faithfulness).toBe(0.4);
    expect(session.explanation.test).toBe(test);
    await set({ method: 'grad_l2' });
    expect(session.explanation.test).not.toBe(test);
  });
});

describe('session/ablationSegments', () => {
  it('leaves a token to begin with where there is no template', () => {
    const segments = [
      [0, 2],
      [2, 4],
      [4, 6]
    ] as const;
    expect(ablationSegments(segments, [4, 6])).toEqual([
      { index: 0, span: [1, 2] },
      { index: 1, span: [2, 4] }
    ]);
    expect(
      ablationSegments(
        [
          [0, 1],
          [1, 4]
        ],
        [4, 6]
      )
    ).toEqual([{ index: 1, span: [1, 4] }]);
    expect(ablationSegments([[1, 3]], [3, 4])).toHaveLength(1);
    expect(ablationSegments([[0, 4]], [0, 4])).toEqual([]);
  });
});
