import { sendEffects } from './effectFakes';
import { settle } from './fakes';
import type { FakeClient } from './fakes';
import type { Scenario } from './scenario';
import type { Session } from './session';
import { COSTS, NUM_ONES, requestOf, ShortPrompt } from './shortPrompt';

describe('session/effects in two precisions', () => {
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

  it('replaces effects in half precision by exact ones when these are requested', async () => {
    const finish = async (count: number) => {
      sendEffects(client.last, COSTS, count, 0, 0.03);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    };
    const shown = () => session.explanation.map!.effects!.difference;
    await scenario.mapped();
    session.explanation.pickSegment(scenario.token(8));
    await finish(NUM_ONES);
    expect(requestOf(client.last).precision).toBe('auto');
    await finish(Infinity);
    expect(short.effects.phase).toBe('done');
    expect(shown()).toBe(0.03);
    session.settings = { ...session.settings, exactEffects: true };
    await settle();
    expect(requestOf(client.last)).toMatchObject({
      precision: 'float32',
      skip: 0
    });
    await finish(NUM_ONES);
    // What is shown isn't exact before all of it is.
    expect(shown()).toBe(0.03);
    expect(requestOf(client.last).skip).toBe(NUM_ONES);
    await finish(Infinity);
    expect(short.effects.phase).toBe('done');
    expect(shown()).toBeNull();
    expect(
      short.effects.kept[0].events.map(({ precision }) => precision)
    ).not.toContain('bfloat16');
    session.settings = { ...session.settings, exactEffects: false };
    await settle();
    expect(short.effects.phase).toBe('done');
  });

  it('stores and shows one precision if exact effects are stopped', async () => {
    const send = async (count: number, together = 0) => {
      sendEffects(client.last, COSTS, count, together, 0.03);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    };
    const differences = () =>
      new Set(short.effects.kept[0].events.map(event => event.difference));
    await scenario.mapped();
    session.explanation.pickSegment(scenario.token(8));
    await send(Infinity);
    session.explanation.pairs!.start();
    await settle();
    await send(Infinity, 1);
    expect(session.explanation.map!.effects!.pairs).not.toEqual([]);
    session.settings = { ...session.settings, exactEffects: true };
    await settle();
    sendEffects(client.last, COSTS, NUM_ONES);
    await settle();
    short.effects.cancel();
    await settle();
    expect(short.effects.phase).toBe('offered');
    expect([...differences()]).toEqual([0.03]);
    expect(session.explanation.map!.effects!.difference).toBe(0.03);
    short.effects.start();
    await settle();
    expect(requestOf(client.last).skip).toBe(NUM_ONES);
    await send(Infinity);
    expect([...differences()]).toEqual([null]);
    // Pairs in half precision aren't compared with exact effects.
    expect(session.explanation.map!.effects!.pairs).toEqual([]);
    session.explanation.pairs!.start();
    await settle();
    expect(requestOf(client.last).precision).toBe('float32');
    await send(Infinity, 1);
    expect(session.explanation.map!.effects!.pairs).not.toEqual([]);
    expect([...differences()]).toEqual([null]);
  });

  it('computes everything exactly if half precision can not be continued', async () => {
    await scenario.mapped();
    sendEffects(client.last, COSTS, NUM_ONES, 0, 0.03);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(requestOf(client.last)).toMatchObject({
      precision: 'auto',
      skip: NUM_ONES
    });
    // The service answers in float32.
    await short.finish(client.last, 2);
    expect(requestOf(client.last)).toMatchObject({
      precision: 'float32',
      skip: 0
    });
    await short.finish(client.last);
    expect(short.effects.phase).toBe('done');
    expect(
      short.effects.kept[0].events.every(({ difference }) => !difference)
    ).toBe(true);
  });

  it('continues exact effects exactly', async () => {
    await scenario.mapped();
    sendEffects(client.last, COSTS, NUM_ONES);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(requestOf(client.last).precision).toBe('float32');
  });
});
