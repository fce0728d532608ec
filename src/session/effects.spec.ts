import { sendEffects } from './effectFakes';
import { settle } from './fakes';
import type { FakeClient } from './fakes';
import { SLICE } from './effectJobs';
import { PROMPT, ANSWER, DEAD } from './scenario';
import type { Scenario } from './scenario';
import type { Session } from './session';
import { COSTS, NUM_ONES, requestOf, ShortPrompt } from './shortPrompt';

describe('session/effects', () => {
  let short: ShortPrompt;
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    short = await ShortPrompt.begin();
    ({ scenario } = short);
    ({ client, session } = scenario);
  });

  afterEach(() => {
    session.dispose();
  });

  it('computes in the background, after the first maps', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    await settle();
    expect(client.last).toBe(job);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    const { ids, ...request } = requestOf(client.last);
    expect(request).toEqual({
      kind: 'effects',
      model: 'demo',
      prompt: PROMPT,
      chat: 'off',
      thinking: false,
      answer_start: session.explanation.text!.seam,
      segments: [
        { turn: 0, start: 0, end: 9 },
        { turn: 0, start: 10, end: 18 },
        { turn: 0, start: 19, end: 35 },
        { turn: 0, start: 36, end: 45 }
      ],
      answer_segments: [
        { start: 10, end: 13 },
        { start: 13, end: 18 }
      ],
      samples: 32,
      held_out: 16,
      seed: 0,
      skip: 0,
      precision: 'auto',
      seconds: SLICE
    });
    expect(ids).toEqual(session.explanation.text!.tokens.map(t => t.id));
    expect(short.effects.phase).toBe('running');
    sendEffects(client.last, COSTS, 5);
    await settle();
    expect(short.effects.progress).toEqual({ done: 5, total: 55 });
    await short.finish(client.last, 0);
    // The next job continues.
    expect(requestOf(client.last).skip).toBe(5);
    await short.finish(client.last);
    expect(short.effects.phase).toBe('done');
    expect(short.jobs).toHaveLength(2);
  });

  it('asks for the cost while the maps are computed, once', async () => {
    const estimate = jest.spyOn(client, 'estimate');
    const job = await scenario.answered();
    expect(estimate.mock.calls.map(([{ kind }]) => kind)).toEqual(['effects']);
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(requestOf(client.last).kind).toBe('effects');
    expect(estimate).toHaveBeenCalledTimes(1);
    await short.finish(client.last);
    // Nothing is asked for a run whose budget is 0.
    session.settings = { ...session.settings, effectsSeconds: 0 };
    estimate.mockClear();
    await scenario.mapped();
    expect(estimate).not.toHaveBeenCalled();
  });

  it('shows effects beside shares, and changes between them without a request', async () => {
    await scenario.mapped();
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.effects).toBeUndefined();
    sendEffects(client.last, COSTS, NUM_ONES - 1);
    await settle();
    // Not all sentences of the prompt are scored.
    expect(session.explanation.map!.effects).toBeUndefined();
    const before = session.explanation.map;
    await short.finish(client.last, 0);
    sendEffects(client.last, COSTS, 1);
    await settle();
    const first = session.explanation.map;
    expect(first).not.toBe(before);
    expect(first!.effects!.reliability).toBeNull();
    // Nothing to redraw: this set changes no map.
    await short.finish(client.last, 0);
    sendEffects(client.last, COSTS, 1);
    await settle();
    expect(short.effects.progress!.done).toBe(NUM_ONES + 1);
    expect(session.explanation.map).toBe(first);
    // Nor do the first 15 of 16 that measure maps.
    await short.finish(client.last, 0);
    sendEffects(client.last, COSTS, 14);
    await settle();
    expect(short.effects.progress!.done).toBe(NUM_ONES + 15);
    expect(session.explanation.map).toBe(first);
    await short.finish(client.last, 0);
    sendEffects(client.last, COSTS, 1);
    await settle();
    expect(session.explanation.map!.effects!.reliability).toBe('good');
    await short.finish(client.last, 0);
    await short.finish(client.last);
    const { map } = session.explanation;
    expect(map!.effects!.by).toBe('effect');
    expect(map!.effects!.reliability).toBe('good');
    expect(map!.segments.map(({ rank }) => rank).slice(0, 4)).toEqual([
      4, 1, 2, 3
    ]);
    const tokens = map!.target[1] - map!.target[0];
    expect(map!.effects!.all[1]!.delta).toBeCloseTo(1.5 * tokens);
    expect(map!.effects!.all[1]!.without).toBeCloseTo(Math.exp(-1.6));
    expect(map!.weights[1]).toBe(1);
    expect(map!.weights[2]).toBeLessThan(0);
    // The target itself has none.
    expect(map!.effects!.all[6]).toBeNull();
    const painted = scenario.source.painted!.find(({ rank }) => rank === 1)!;
    expect(PROMPT.slice(...painted.span)).toBe('Be kind.');
    expect(painted.label).toContain('90% → 20% without it');

    const count = client.jobs.length;
    session.settings = { ...session.settings, shadeBy: 'share' };
    const shares = session.explanation.map!;
    expect(shares.effects!.all).toEqual(map!.effects!.all);
    // The later a token, the higher its share in the fakes: against the effects.
    expect(shares.effects!.reliability).toBe('weak');
    expect(shares.segments.map(({ rank }) => rank).slice(0, 4)).not.toEqual([
      4, 1, 2, 3
    ]);
    expect(shares.segments.map(({ rank }) => rank)).toEqual(
      shares.effects!.shareRanks
    );
    session.settings = { ...session.settings, granularity: 'words' };
    expect(session.explanation.map!.effects).toBeUndefined();
    expect(client.jobs).toHaveLength(count);
  });

  it('colours nothing strongly where no part matters', async () => {
    await scenario.mapped();
    session.explanation.pickSegment(scenario.token(8));
    sendEffects(client.last, [0.001, 0.002, 0, 0]);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    const { map } = session.explanation;
    expect(map!.segments[1].rank).toBe(1);
    expect(Math.max(...map!.weights.map(Math.abs))).toBeLessThan(0.5);
  });

  it('ends within the budget where that covers each sentence alone', async () => {
    // Seven of them: 19 seconds.
    client.effectsCost = { passes: 55, seconds: 150 };
    await scenario.mapped();
    expect(requestOf(client.last).seconds).toBe(SLICE);
    const now = jest.spyOn(Date, 'now');
    now.mockReturnValue(Date.now() + 25_000);
    await short.finish(client.last, NUM_ONES + 2);
    now.mockRestore();
    expect(short.jobs).toHaveLength(1);
    expect(short.effects.phase).toBe('offered');
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.effects).toBeDefined();
    // The rest has random sets alone, which aren't worth it without a click.
    session.settings = { ...session.settings, effectsSeconds: 21 };
    await settle();
    expect(short.jobs).toHaveLength(1);
  });

  it('waits for a click when the cost is above the budget', async () => {
    client.effectsCost = { passes: 55, seconds: 170 };
    await scenario.mapped();
    expect(short.jobs).toHaveLength(0);
    expect(short.effects.phase).toBe('offered');
    expect(short.effects.estimate).toEqual(client.effectsCost);
    short.effects.start();
    await settle();
    expect(requestOf(client.last).seconds).toBe(SLICE);
    await short.finish(client.last);
    expect(short.effects.phase).toBe('done');
  });

  it('tries for the budget while no cost is known', async () => {
    client.effectsCost = null;
    session.settings = { ...session.settings, effectsSeconds: 2 };
    await scenario.mapped();
    expect(requestOf(client.last).seconds).toBe(2);
    const now = jest.spyOn(Date, 'now');
    now.mockReturnValue(Date.now() + 5000);
    await short.finish(client.last, 3);
    now.mockRestore();
    expect(short.jobs).toHaveLength(1);
    expect(short.effects.phase).toBe('offered');
    short.effects.start();
    await settle();
    expect(requestOf(client.last).skip).toBe(3);
  });

  it('computes nothing without a click if the budget is 0', async () => {
    session.settings = { ...session.settings, effectsSeconds: 0 };
    await scenario.mapped();
    expect(short.jobs).toHaveLength(0);
    session.settings = { ...session.settings, effectsSeconds: 30 };
    await settle();
    expect(short.jobs).toHaveLength(1);
    session.settings = { ...session.settings, effectsSeconds: 0 };
    await settle();
    expect(client.last.isCancelled).toBe(true);
    expect(short.effects.phase).toBe('offered');
  });

  it('makes room for what the user asks for, and continues', async () => {
    await scenario.mapped();
    const first = client.last;
    sendEffects(first, COSTS, 4);
    await settle();
    // A target that isn't computed yet.
    session.explanation.pickSegment(scenario.token(8));
    session.explanation.pickSegment(scenario.token(0), true);
    await settle();
    expect(first.isCancelled).toBe(true);
    expect(client.last.request.kind).toBe('salience');
    expect(short.effects.phase).toBe('running');
    expect(short.effects.message).toBe('Waiting for other computations');
    client.last.scores(0);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(requestOf(client.last).skip).toBe(4);
    await short.finish(client.last);
    expect(short.effects.phase).toBe('done');
  });

  it('stays cancelled until it is asked for again', async () => {
    await scenario.mapped();
    sendEffects(client.last, COSTS, 4);
    await settle();
    short.effects.cancel();
    await settle();
    expect(client.last.isCancelled).toBe(true);
    expect(short.effects.phase).toBe('offered');
    expect(short.effects.progress).toEqual({ done: 4, total: 55 });
    session.explanation.pickSegment(scenario.token(8));
    session.settings = { ...session.settings, effectsSeconds: 100 };
    await settle();
    expect(short.jobs).toHaveLength(1);
    short.effects.start();
    await settle();
    expect(requestOf(client.last).skip).toBe(4);
  });

  it('says why it failed, and continues on Retry', async () => {
    await scenario.mapped();
    sendEffects(client.last, COSTS, 4);
    client.last.break(DEAD);
    await settle();
    expect(short.effects.phase).toBe('failed');
    expect(short.effects.problem!.message).toBe('The model service ended.');
    expect(short.jobs).toHaveLength(1);
    short.effects.start();
    await settle();
    expect(requestOf(client.last).skip).toBe(4);
    expect(short.effects.problem).toBeNull();
  });

  it('ends where a job has no result, instead of starting the same again', async () => {
    await scenario.mapped();
    await short.finish(client.last, 0);
    expect(short.jobs).toHaveLength(1);
    expect(short.effects.phase).toBe('offered');
  });

  it('ends with its run', async () => {
    await scenario.mapped();
    const job = client.last;
    const running = session.runs.generate();
    await settle();
    expect(job.isCancelled).toBe(true);
    client.last.answer(PROMPT, ANSWER);
    await running;
    await settle();
    expect(short.effects.source).toBeNull();
  });

  it('has no effects on a contrastive target', async () => {
    await scenario.mapped();
    await short.finish(client.last);
    const { explanation } = session;
    const [start, end] = [scenario.token(8), scenario.token(10)];
    explanation.setTarget([start, end], null, { text: ' Eat.', ids: [7] });
    client.last.send({
      event: 'scores',
      target: { start, end },
      method: 'grad_l2',
      scores: explanation.text!.tokens.map((_, i) => i),
      gap: null,
      foil: [7]
    });
    await settle();
    expect(explanation.map!.effects).toBeUndefined();
  });
});
