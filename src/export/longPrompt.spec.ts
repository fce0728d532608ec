import { settle } from '../session/fakes';
import { LongPrompt, PARAGRAPHS, SENTENCES } from '../session/longPrompt';
import { LOOK } from './fixtures';
import { packRun, unpackRun } from './packed';
import { Reading } from './reading';
import type { ILook } from './reading';

describe('export of a long prompt', () => {
  it('has averages, pairs, and what was not looked into', async () => {
    const long = await LongPrompt.begin();
    const { session } = long.scenario;
    await long.computed(PARAGRAPHS, SENTENCES);
    long.effects.startMore(1);
    await settle();
    await long.finish(SENTENCES);
    session.explanation.pairs!.start();
    await settle();
    await long.finish(SENTENCES);
    const { target } = session.explanation;
    const record = session.shown!.record();
    session.dispose();

    const reading = new Reading(unpackRun(packRun(record)));
    const mapOf = (look: ILook) =>
      reading.map(reading.text(look, target), target!, look)!;
    const { effects } = mapOf({ ...LOOK, shadeBy: 'average' });
    expect(effects).toMatchObject({ by: 'average', level: 1, numFitted: 64 });
    expect(effects!.fitted![0]).toBeNull();
    expect(effects!.unlooked!.passages[0]!.isSmall).toBe(true);
    expect(effects!.pairs.map(({ pair }) => pair)).toContainEqual([13, 15]);
    const paragraphs = mapOf({ ...LOOK, granularity: 'paragraphs' });
    expect(paragraphs.effects).toMatchObject({ level: 0, numFitted: 16 });
  });
});
