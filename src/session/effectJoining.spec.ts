import type { EffectsRequest } from '../api';
import { sendEffects } from './effectFakes';
import { EffectLevel } from './effectLevel';
import { settle } from './fakes';
import type { FakeClient } from './fakes';
import { LongPrompt } from './longPrompt';
import type { Session } from './session';
import type { ISettings } from './settings';

/** Its lines are wrapped: three sentences, or two, across the break. */
const WRAPPED =
  'The queen was born in the tower of that old\ncastle by the sea. Who was she?';

describe('session: effects where lines are joined in another way', () => {
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

  const effects = () => session.explanation.effects!;
  const asked = () => client.last.request as EffectsRequest;

  it('follows no job that deleted other sentences', async () => {
    client.effectsCost = { passes: 55, seconds: 4 };
    await long.mapped(WRAPPED);
    expect(asked().segments).toHaveLength(2);
    sendEffects(client.last, [1, 2], 4);
    await settle();
    const other = await long.scenario.reloaded({
      joinLines: 'off',
      effectsSeconds: 0
    });
    const { effects: again } = other.explanation;
    expect(again!.segments!.texts).toHaveLength(3);
    expect(again!.progress).toBeNull();
    expect(again!.kept).toEqual([]);
    expect(again!.phase).toBe('offered');
    other.dispose();
    const same = await long.scenario.reloaded({ effectsSeconds: 0 });
    expect(same.explanation.effects!.progress!.done).toBe(4);
    same.dispose();
  });

  it('begins anew where an earlier page had passages, and there are none', async () => {
    client.effectsCost = { passes: 55, seconds: 4 };
    await long.mapped(WRAPPED);
    sendEffects(client.last, [1, 2], 4);
    await settle();
    const save = session.save();
    const past = { ...effects().jobs, plan: { isLong: true } };
    const count = client.jobs.length;
    const next = await long.scenario.reloaded(
      {},
      { ...save, work: { ...save.work, effects: past } }
    );
    expect(client.jobs.length).toBeGreaterThan(count);
    expect(asked()).toMatchObject({ kind: 'effects', skip: 0 });
    sendEffects(client.last, [1, 2]);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(next.explanation.effects!.phase).toBe('done');
    next.dispose();
  });

  it('computes effects of the new sentences, and knows the earlier ones', async () => {
    client.effectsCost = { passes: 55, seconds: 4 };
    await long.mapped(WRAPPED);
    sendEffects(client.last, [1, 2]);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    const before = effects();
    expect(before.phase).toBe('done');
    session.explanation.pickSegment(long.scenario.token(8));
    expect(session.explanation.map!.effects!.all[0]).not.toBeNull();
    const join = async (joinLines: ISettings['joinLines']) => {
      session.settings = { ...session.settings, joinLines };
      await settle();
    };
    // The same sentences: nothing is lost.
    await join('on');
    expect(effects()).toBe(before);
    await join('off');
    expect(effects().phase).toBe('running');
    expect(asked()).toMatchObject({ kind: 'effects', skip: 0 });
    expect(asked().segments).toHaveLength(3);
    sendEffects(client.last, [1, 2, 3]);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.map!.effects!.all[2]).not.toBeNull();
    const count = client.jobs.length;
    await join('auto');
    expect(effects().phase).toBe('done');
    expect(session.explanation.map!.effects!.all[0]).not.toBeNull();
    expect(client.jobs).toHaveLength(count);
  });

  it('takes no pairs of other sentences of the answer', () => {
    const at = (end: number) =>
      new EffectLevel(
        0,
        {
          spans: [
            [0, 2],
            [2, end]
          ],
          texts: [{ turn: 0, start: 0, end: 5 }],
          seam: 2
        },
        { isExact: false, isHalf: true }
      );
    const request = (end: number) =>
      ({
        segments: [{ turn: 0, start: 0, end: 5 }],
        answer_segments: [{ start: 2, end }]
      }) as EffectsRequest;
    expect(at(4).isOf(request(4))).toBe(true);
    expect(at(4).isOf(request(5))).toBe(false);
  });
});
