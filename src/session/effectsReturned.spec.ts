import type { EffectsRequest, KeptEffects, RunRecord } from '../api';
import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import type { FakeJob } from './fakeJob';
import { PROMPT, Scenario } from './scenario';
import type { Session } from './session';

/** The prompt's sentences; the second matters most, the third is against. */
const COSTS = [0.01, 1.5, -0.4, 0.2, 0, 0];

/** Four sentences of the prompt, two of the answer; and without any. */
const NUM_ONES = 7;

describe('session: effects of the history, and after a reload', () => {
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    scenario = await Scenario.begin();
    ({ client, session } = scenario);
    client.effectsCost = { passes: 55, seconds: 4 };
  });

  afterEach(() => {
    session.dispose();
  });

  const effects = () => session.explanation.effects!;
  const requestOf = (job: FakeJob) => job.request as EffectsRequest;
  const effectJobs = () =>
    client.jobs.filter(({ request }) => request.kind === 'effects');
  const finish = async (job: FakeJob, count?: number) => {
    sendEffects(job, COSTS, count);
    job.send({ event: 'done', seconds: 1 });
    await settle();
  };

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
    await finish(client.last, 9);
    await finish(client.last);
    const count = client.jobs.length;
    // Two jobs, as they come from the history.
    const record = await reopened(([one]) => [
      { ...one, events: one.events.slice(0, 1) },
      { ...one, events: one.events.slice(1) }
    ]);
    expect(record.effects).toHaveLength(2);
    expect(effects().phase).toBe('done');
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.effects!.ranks[1]).toBe(1);
    expect(client.jobs).toHaveLength(count);
    // And it is stored again as it was.
    expect(session.shown!.record().effects[0].events).toHaveLength(3);
  });

  it('offers what a run of the history lacks', async () => {
    await scenario.mapped();
    await finish(client.last, 9);
    await finish(client.last);
    const count = client.jobs.length;
    await reopened(([one]) => [{ ...one, events: one.events.slice(0, 1) }]);
    expect(effects().phase).toBe('offered');
    expect(client.jobs).toHaveLength(count);
    effects().start();
    await settle();
    expect(requestOf(client.last).skip).toBe(NUM_ONES);
    // Effects of other segments say nothing about these.
    await reopened(([one]) => [{ ...one, seed: 1 }]);
    expect(effects().source).toBeNull();
    await reopened(() => []);
    expect(effects().source).toBeNull();
  });

  it('returns after a reload, and continues', async () => {
    await scenario.mapped();
    await finish(client.last, 6);
    sendEffects(client.last, COSTS, 2);
    await settle();
    const next = await scenario.reloaded();
    const again = next.explanation.effects!;
    expect(again.progress).toEqual({ done: 8, total: 55 });
    expect(effectJobs()).toHaveLength(2);
    effectJobs()[1].send({ event: 'done', seconds: 1 });
    await settle();
    const jobs = effectJobs().filter(job => requestOf(job).skip === 8);
    expect(jobs.length).toBeGreaterThan(0);
    next.dispose();
  });

  it('stays stopped after a reload', async () => {
    await scenario.mapped();
    await finish(client.last, 6);
    effects().cancel();
    const count = client.jobs.length;
    const next = await scenario.reloaded();
    expect(next.explanation.effects!.progress?.done).toBe(6);
    expect(next.explanation.effects!.phase).toBe('offered');
    expect(client.jobs).toHaveLength(count);
    next.dispose();
  });
});
