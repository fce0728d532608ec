import type { RunRecord } from '../api';
import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import { LONG, LongPrompt, PARAGRAPHS, SENTENCES } from './longPrompt';
import type { Session } from './session';
import type { ISettings } from './settings';

describe('session: what a user asks of the effects of a long prompt', () => {
  let long: LongPrompt;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    long = await LongPrompt.begin();
    ({ client, session } = long.scenario);
  });

  afterEach(() => {
    session.dispose();
  });

  const map = () => session.explanation.map!;
  const set = (settings: Partial<ISettings>) => {
    session.settings = { ...session.settings, ...settings };
  };

  it('shows averages of the sentences that were looked into', async () => {
    set({ shadeBy: 'average' });
    await long.computed();
    const { by, fitted, numFitted, level } = map().effects!;
    expect([by, numFitted, level]).toEqual(['average', 16, 1]);
    expect(fitted!.filter(weight => weight !== null)).toHaveLength(12);
    expect(fitted![13]).toBeGreaterThan(0);
    expect(map().segments[13].rank).toBe(1);
    // Others have no average: not one of 0.
    expect(fitted![0]).toBeNull();
    expect(map().segments[0].rank).toBeNull();
    expect(map().weights[0]).toBe(0);
  });

  it('tries more random sets of what is shown', async () => {
    await long.computed();
    const { effects } = long;
    expect([effects.numMore(0), effects.numMore(1)]).toEqual([48, 48]);
    await effects.offer(1);
    expect(effects.costOfMore(1)).toEqual({ passes: 123, seconds: 60 });
    expect(effects.costOfMore(0)).toBeNull();
    effects.startMore(1);
    await settle();
    expect(long.asked.segments).toHaveLength(12);
    expect(long.asked).toMatchObject({ samples: 64, skip: 45 });
    expect(long.asked.segments[1].end).toBeLessThan(LONG.indexOf('Part 3'));
    sendEffects(client.last, SENTENCES, 20);
    await settle();
    expect(effects.phase).toBe('running');
    expect(effects.progress).toEqual({ done: 39 + 65, total: 39 + 93 });
    expect(effects.numMore(1)).toBe(0);
    effects.cancel();
    await settle();
    // A block more; all usual sets are there.
    expect(effects.phase).toBe('done');
    expect(map().effects!.numFitted).toBe(32);
    expect(effects.numMore(1)).toBe(28);
    effects.startMore(0);
    await settle();
    expect(long.asked).toMatchObject({ samples: 64, skip: 39 });
    expect(long.asked.segments[1].start).toBe(LONG.indexOf('Part 1'));
    await long.finish(PARAGRAPHS);
    expect(effects.numMore(0)).toBe(0);
    // Other passages aren't looked into by these.
    expect(effects.phase).toBe('done');
    set({ granularity: 'paragraphs' });
    expect(map().effects).toMatchObject({ level: 0, numFitted: 64 });
  });

  it('tries pairs of the sentences, and of the paragraphs', async () => {
    await long.computed();
    session.explanation.pairs!.start();
    await settle();
    const sentences = long.asked;
    expect(sentences.segments).toHaveLength(12);
    expect(sentences.chosen).toContainEqual([1, 3]);
    await long.finish(SENTENCES);
    const { pairs } = map().effects!;
    expect(pairs.map(({ pair }) => pair)).toContainEqual([13, 15]);
    expect(session.explanation.pairs).toBeNull();
    set({ granularity: 'paragraphs' });
    expect(map().effects!.pairs).toEqual([]);
    session.explanation.pairs!.start();
    await settle();
    expect(long.asked.segments).not.toEqual(sentences.segments);
    expect(long.asked.chosen).toContainEqual([2, 7]);
    await long.finish(PARAGRAPHS);
    expect(map().effects!.pairs.map(({ pair }) => pair)).toContainEqual([2, 7]);

    // The history stores each with its level.
    const record = session.shown!.record();
    const chosen = record.effects.map(
      ({ events }) => events.filter(({ kind }) => kind === 'chosen').length
    );
    expect(chosen).toEqual([1, 1]);
    const count = client.jobs.length;
    session.reopen(
      JSON.parse(JSON.stringify(record)) as RunRecord,
      new FakeSource(LONG)
    );
    await settle();
    set({ granularity: 'sentences' });
    session.explanation.pickSegment(long.scenario.token(8));
    expect(map().effects!.pairs).toHaveLength(pairs.length);
    set({ granularity: 'paragraphs' });
    expect(map().effects!.pairs.map(({ pair }) => pair)).toContainEqual([2, 7]);
    expect(client.jobs).toHaveLength(count);
  });

  it('has more random sets again after a reload', async () => {
    await long.computed();
    long.effects.startMore(1);
    await settle();
    await long.finish(SENTENCES);
    expect(long.effects.progress!.done).toBe(39 + 93);
    const next = await long.scenario.reloaded();
    const { effects } = next.explanation;
    expect(effects!.progress!.done).toBe(39 + 93);
    expect(effects!.phase).toBe('done');
    expect(effects!.numMore(1)).toBe(0);
    next.dispose();
  });

  it('keeps to its passages after a reload, whatever the cost is then', async () => {
    await long.mapped();
    await long.finish(PARAGRAPHS, 20);
    client.effectsCost = { passes: 123, seconds: 1 };
    const next = await long.scenario.reloaded();
    const { effects } = next.explanation;
    await effects!.offer();
    expect(effects!.progress!.done).toBe(20);
    expect(effects!.jobs.plan).toMatchObject({ isLong: true });
    next.dispose();
  });
});
