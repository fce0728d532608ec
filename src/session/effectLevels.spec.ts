import type { EffectsRequest, RunRecord } from '../api';
import { nullTranslator } from '@jupyterlab/translation';

import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import type { FakeJob } from './fakeJob';
import { describeSegment } from './labels';
import { LONG, LongPrompt, PARAGRAPHS, SENTENCES } from './longPrompt';
import type { Scenario } from './scenario';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');

describe('session: effects of a long prompt', () => {
  let long: LongPrompt;
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    long = await LongPrompt.begin();
    ({ scenario } = long);
    ({ client, session } = scenario);
  });

  afterEach(() => {
    session.dispose();
  });

  const mapped = (prompt?: string) => long.mapped(prompt);
  const finish = (costs: readonly number[], count?: number) =>
    long.finish(costs, count);
  const effects = () => session.explanation.effects!;
  const requestOf = (job: FakeJob) => job.request as EffectsRequest;
  const jobs = () =>
    client.jobs.filter(({ request }) => request.kind === 'effects');
  const deleted = (request: EffectsRequest) =>
    request.segments.map(({ start, end }) => LONG.slice(start, end));

  it('deletes paragraphs first, then the sentences of those that matter', async () => {
    await mapped();
    const first = requestOf(client.last);
    expect(deleted(first)).toEqual(LONG.split('\n\n'));
    expect(first.answer_segments).toHaveLength(2);
    expect([first.held_out, first.samples]).toEqual([8, 16]);
    expect(effects().perSentence).toEqual({ passes: 123, seconds: 60 });
    expect(effects().outer).toBe('paragraphs');
    await finish(PARAGRAPHS);
    const second = requestOf(client.last);
    expect(deleted(second)).toEqual(
      [2, 7].flatMap(p => [0, 1, 2, 3, 4, 5].map(s => `Part ${p} has ${s}.`))
    );
    expect(second.answer_segments).toEqual([]);
    expect(second.skip).toBe(0);
    await finish(SENTENCES);
    expect(effects().phase).toBe('done');
    expect(jobs()).toHaveLength(2);
  });

  it('says what it spares before it begins, and computes on a click', async () => {
    client.effectsCost = { passes: 123, seconds: 123 };
    await mapped();
    expect(jobs()).toHaveLength(0);
    // 1 + 12 + 2 + 8 + 16 sets of paragraphs; 1 + 18 + 16 + 16 of sentences, by guess.
    expect(effects().estimate).toEqual({ passes: 90, seconds: 90 });
    expect(effects().perSentence).toEqual({ passes: 123, seconds: 123 });
    // A larger budget spares nothing.
    session.settings = { ...session.settings, effectsSeconds: 200 };
    await settle();
    expect(requestOf(client.last).segments).toHaveLength(72);
    expect(effects().perSentence).toBeNull();
  });

  it('deletes each sentence where that is cheap, or where a prompt is short', async () => {
    client.effectsCost = { passes: 123, seconds: 49 };
    await mapped();
    expect(requestOf(client.last).segments).toHaveLength(72);
    // Paragraphs would spare next to nothing.
    client.effectsCost = { passes: 60, seconds: 100 };
    await mapped('One. Two.\n\nThree. Four.\n\nFive. Six.');
    expect(effects().estimate).toEqual({ passes: 60, seconds: 100 });
  });

  it('goes by the number of sentences while the speed is unknown', async () => {
    client.effectsCost = null;
    await mapped();
    expect(requestOf(client.last).segments).toHaveLength(12);
    await mapped(LONG.split('\n\n').slice(0, 10).join('\n\n'));
    expect(requestOf(client.last).segments).toHaveLength(60);
  });

  it('has effects for prompts of any number of sentences', async () => {
    client.effectsCost = { passes: 80, seconds: 1 };
    await mapped(`${'So it is. '.repeat(500)}\n\nWhy?`);
    const { segments } = requestOf(client.last);
    // At most twelve sentences of a paragraph together.
    expect(segments).toHaveLength(43);
    expect(segments[0].end).toBe(12 * 10 - 1);
    // Its one long paragraph was divided; and each sentence can't be deleted.
    expect(effects().outer).toBe('passages');
    expect(effects().perSentence).toBeNull();
    await mapped(`${'So it is.\n\n'.repeat(900)}`);
    expect(requestOf(client.last).segments).toHaveLength(100);
  });

  it('gives no number to sentences that were not looked into, but words', async () => {
    await mapped();
    await finish(PARAGRAPHS);
    session.explanation.pickSegment(scenario.token(8));
    // The sentences aren't known yet: nothing is said of them.
    expect(session.explanation.map!.effects).toBeUndefined();
    await finish(SENTENCES);
    const { map } = session.explanation;
    const tokens = map!.target[1] - map!.target[0];
    const { all, ranks, unlooked, reliability } = map!.effects!;
    expect(all[13]!.delta).toBeCloseTo(0.7 * tokens);
    expect(all[0]).toBeNull();
    expect(ranks[0]).toBeNull();
    expect(ranks[13]).toBe(1);
    // Two paragraphs and two sentences of the answer, one of them the target.
    expect(all.filter(effect => effect !== null)).toHaveLength(14);
    expect(unlooked!.numLooked).toBe(12);
    expect(unlooked!.passages.filter(one => one !== null)).toHaveLength(60);
    expect(unlooked!.passages[0]!.isSmall).toBe(true);
    expect(unlooked!.passages[13]).toBeNull();
    expect(describeSegment(map!.segments[0], map!, trans)).toContain(
      'not looked into: its paragraph changes little (90% → 90%)'
    );
    expect(map!.segments[0].rank).toBeNull();
    expect(reliability).toBe('good');
  });

  it('says so where a paragraph matters to a target, but was not looked into', async () => {
    await mapped();
    // Its sentences together are too many: only those of the largest effects are deleted.
    await finish(LONG.split('\n\n').map((_, p) => 1 - p / 100));
    expect(requestOf(client.last).segments).toHaveLength(60);
    await finish([]);
    session.explanation.pickSegment(scenario.token(8));
    const { map } = session.explanation;
    expect(map!.effects!.unlooked!.passages[71]!.isSmall).toBe(false);
    expect(describeSegment(map!.segments[71], map!, trans)).toContain(
      'only its whole paragraph was deleted (90% → 37%)'
    );
  });

  it('ends with the paragraphs where none matters', async () => {
    await mapped();
    await finish([]);
    expect(effects().phase).toBe('done');
    session.explanation.pickSegment(scenario.token(8));
    const { effects: found } = session.explanation.map!;
    expect(found!.unlooked!.numLooked).toBe(0);
    expect(found!.reliability).toBeNull();
    // Of words, nothing is said.
    session.settings = { ...session.settings, granularity: 'words' };
    expect(session.explanation.map!.effects).toBeUndefined();
  });

  it('shows the effects of the paragraphs as segments', async () => {
    await mapped();
    await finish(PARAGRAPHS);
    session.explanation.pickSegment(scenario.token(8));
    session.settings = { ...session.settings, granularity: 'paragraphs' };
    const { map } = session.explanation;
    expect(map!.effects!.ranks.slice(0, 12)[2]).toBe(1);
    expect(map!.effects!.unlooked).toBeUndefined();
  });

  it('returns from the history, whole or in part', async () => {
    await mapped();
    await finish(PARAGRAPHS);
    await finish(SENTENCES, 20);
    await finish(SENTENCES);
    const record = session.shown!.record();
    expect(record.effects.map(one => one.segments.length)).toEqual([12, 12]);
    const reopen = async (kept: RunRecord['effects']) => {
      session.reopen(
        JSON.parse(JSON.stringify({ ...record, effects: kept })) as RunRecord,
        new FakeSource(LONG)
      );
      await settle();
    };
    const count = client.jobs.length;
    await reopen(record.effects);
    expect(effects().phase).toBe('done');
    session.explanation.pickSegment(scenario.token(8));
    expect(session.explanation.map!.effects!.ranks[13]).toBe(1);
    expect(session.shown!.record().effects).toEqual(record.effects);
    await reopen(record.effects.slice(0, 1));
    expect(effects().phase).toBe('offered');
    effects().start();
    await settle();
    expect(client.jobs).toHaveLength(count + 1);
    expect(requestOf(client.last).segments).toHaveLength(12);
    expect(requestOf(client.last).skip).toBe(0);
  });

  it('continues after a reload, at either level', async () => {
    await mapped();
    await finish(PARAGRAPHS);
    await finish(SENTENCES, 20);
    sendEffects(client.last, SENTENCES, 2);
    await settle();
    const saved = JSON.parse(JSON.stringify(session.save()));
    const next = new Session(client, trans);
    await next.service.refresh();
    await next.restore(saved);
    for (let i = 0; i < 5; i++) {
      await settle();
    }
    expect(next.explanation.effects!.progress!.done).toBe(39 + 22);
    next.dispose();
  });

  it('stops, and continues where it was', async () => {
    await mapped();
    await finish(PARAGRAPHS);
    sendEffects(client.last, SENTENCES, 5);
    await settle();
    effects().cancel();
    await settle();
    expect(client.last.isCancelled).toBe(true);
    expect(effects().phase).toBe('offered');
    effects().start();
    await settle();
    expect(requestOf(client.last).skip).toBe(5);
    expect(requestOf(client.last).segments).toHaveLength(12);
  });
});
