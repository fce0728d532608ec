import type { KeptEffects, RunRecord } from '../api';
import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import { PROMPT } from './scenario';
import type { Scenario } from './scenario';
import type { Session } from './session';
import { COSTS, NUM_ONES, requestOf, ShortPrompt } from './shortPrompt';

describe('session: effects of the history, and after a reload', () => {
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

  /** The run as the history stores it, and reopened. */
  async function reopened(
    change: (effects: KeptEffects[]) => KeptEffects[]
  ): Promise<RunRecord> {
    const record = session.shown!.record();
    const stored = { ...record, effects: change(record.effects) };
    session.reopen(
      JSON.parse(JSON.stringify(stored)) as RunRecord,
      new FakeSource(PROMPT)
    );
    await settle();
    return stored;
  }

  it('needs no job for a run of the history', async () => {
    await scenario.mapped();
    await short.finish(client.last, 9);
    await short.finish(client.last);
    const count = client.jobs.length;
    // Two jobs, as they come from the history.
    const record = await reopened(([one]) => [
      { ...one, events: one.events.slice(0, 1) },
      { ...one, events: one.events.slice(1) }
    ]);
    expect(record.effects).toHaveLength(2);
    expect(short.effects.phase).toBe('done');
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.effects!.ranks[1]).toBe(1);
    expect(client.jobs).toHaveLength(count);
    // And it is stored again as it was.
    expect(session.shown!.record().effects[0].events).toHaveLength(3);
  });

  it('offers what a run of the history lacks', async () => {
    await scenario.mapped();
    await short.finish(client.last, 9);
    await short.finish(client.last);
    const count = client.jobs.length;
    await reopened(([one]) => [{ ...one, events: one.events.slice(0, 1) }]);
    expect(short.effects.phase).toBe('offered');
    expect(client.jobs).toHaveLength(count);
    short.effects.start();
    await settle();
    expect(requestOf(client.last).skip).toBe(NUM_ONES);
    // Effects of other segments say nothing about these.
    await reopened(([one]) => [{ ...one, seed: 1 }]);
    expect(short.effects.source).toBeNull();
    await reopened(() => []);
    expect(short.effects.source).toBeNull();
  });

  it('computes nothing of a run of the history without a click, even if effects are to be exact', async () => {
    await scenario.mapped();
    await short.finish(client.last);
    session.settings = { ...session.settings, exactEffects: true };
    const count = client.jobs.length;
    await reopened(([one]) => [
      {
        ...one,
        events: one.events.map(event => ({ ...event, difference: 0.03 }))
      }
    ]);
    expect(short.effects.source).not.toBeNull();
    expect(short.effects.phase).toBe('offered');
    expect(client.jobs).toHaveLength(count);
  });

  it('returns after a reload, and continues', async () => {
    await scenario.mapped();
    await short.finish(client.last, 6);
    sendEffects(client.last, COSTS, 2);
    await settle();
    const next = await scenario.reloaded();
    const again = next.explanation.effects!;
    expect(again.progress).toEqual({ done: 8, total: 55 });
    expect(short.jobs).toHaveLength(2);
    short.jobs[1].send({ event: 'done', seconds: 1 });
    await settle();
    const jobs = short.jobs.filter(job => requestOf(job).skip === 8);
    expect(jobs.length).toBeGreaterThan(0);
    next.dispose();
  });

  it('stays stopped after a reload', async () => {
    await scenario.mapped();
    await short.finish(client.last, 6);
    short.effects.cancel();
    const count = client.jobs.length;
    const next = await scenario.reloaded();
    expect(next.explanation.effects!.progress?.done).toBe(6);
    expect(next.explanation.effects!.phase).toBe('offered');
    expect(client.jobs).toHaveLength(count);
    next.dispose();
  });
});
