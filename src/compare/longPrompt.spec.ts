import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, settle } from '../session/fakes';
import { LongPrompt } from '../session/longPrompt';
import { Comparison } from './comparison';
import { FakeSettings } from './fakes';
import { describeChange } from './labels';

const trans = nullTranslator.load('lit_lab');

/** A run of the history whose third paragraph matters, and another one. */
async function recordOf(other: number) {
  const long = await LongPrompt.begin();
  const costs = new Array<number>(12).fill(0);
  costs[2] = 0.9;
  costs[other] = 0.3;
  await long.computed(costs, [0, 0.7, 0, 0, 0, 0, 0, 0.2]);
  const record = long.scenario.session.shown!.record();
  long.scenario.session.dispose();
  return record;
}

describe('compare: effects of long prompts', () => {
  it('says what was not looked into on one side, and on both', async () => {
    const client = new FakeClient();
    client.kept.set('a', { ...(await recordOf(7)), id: 'a' });
    client.kept.set('b', { ...(await recordOf(9)), id: 'b' });
    const comparison = new Comparison(client, new FakeSettings(), trans);
    await comparison.restore({ left: 'a', right: 'b' });
    await settle();
    const { text } = comparison.sides.left.explanation;
    const [, last] = text!.answer;
    comparison.pickSegment('left', last[0], false);
    comparison.view = 'difference';
    await settle();
    expect(comparison.by).toBe('effect');
    const { overlays } = comparison;
    const difference = overlays.difference!;
    const changeOf = (left: number) =>
      difference.changes.find(({ pair }) => pair.left === left);
    // The third paragraph was looked into in both.
    expect(changeOf(13)!.change).toBeCloseTo(0);
    const onlyLeft = changeOf(43)!;
    expect(onlyLeft).toMatchObject({ right: null, change: null });
    expect(describeChange(onlyLeft, difference, trans)).toContain(
      'not looked into in B, in A an effect of'
    );
    const onlyRight = changeOf(55)!;
    expect(onlyRight).toMatchObject({ left: null, change: null });
    expect(describeChange(onlyRight, difference, trans)).toContain(
      'not looked into in A, in B an effect of'
    );
    expect(changeOf(0)).toBeUndefined();
    // No colour stands for no difference where none is known.
    expect(overlays.shown('left')!.weights[0]).toBe(0);
    expect(overlays.map('left')!.effects!.unlooked!.passages[0]).not.toBeNull();
    expect(client.jobs).toHaveLength(0);
    comparison.dispose();
  });
});
