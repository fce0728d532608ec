import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { FakeClient, settle } from '../session/fakes';
import { withKeptEffects } from '../session/effectFakes';
import { Effects } from '../session/effects';
import { textOf } from '../session/runText';
import { keptRun } from '../session/run';
import { Comparison } from './comparison';
import { ANSWER, FakeSettings, OTHER, PROMPT, record } from './fakes';
import type { Side } from './segments';

const trans = nullTranslator.load('lit_lab');

describe('compare/comparison', () => {
  let client: FakeClient;
  let source: FakeSettings;
  let comparison: Comparison;

  beforeEach(async () => {
    client = new FakeClient();
    client.kept.set('a', record('a', PROMPT, ANSWER));
    client.kept.set('b', record('b', OTHER, ANSWER, 2));
    source = new FakeSettings();
    comparison = new Comparison(client, source, trans);
    await comparison.restore({ left: 'a', right: 'b' });
    await settle();
  });

  afterEach(() => comparison.dispose());

  const target = (side: Side) => {
    const { text, target } = comparison.sides[side].explanation;
    return text && target && textOf(text.tokens, target).trim();
  };

  /** Make the sentence of a side's answer that holds this its target. */
  const pickText = (side: Side, what: string) => {
    const { text } = comparison.sides[side].explanation;
    const span = text!.answer.find(one =>
      textOf(text!.tokens, one).includes(what)
    )!;
    return comparison.pickSegment(side, span[0], false);
  };

  it('shows two runs of the history without the model', () => {
    expect(comparison.sides.left.phase).toBe('shown');
    expect(comparison.sides.right.title).toBe('run b');
    const { changes, same } = comparison.overlays.differences('prompt')!;
    expect(changes.map(change => change.kind)).toEqual(['removed']);
    expect(same).toBe(2);
    expect(comparison.overlays.differences('answer')!.changes).toEqual([]);
    expect(client.jobs).toHaveLength(0);
  });

  /** Restore a comparison of runs whose effects the history has, or not. */
  async function withEffects(left: number[], right: number[] | null) {
    const [a, b] = [record('c', PROMPT, ANSWER), record('d', OTHER, ANSWER, 2)];
    client.kept.set('c', withKeptEffects(a, left));
    client.kept.set('d', right ? withKeptEffects(b, right) : b);
    const [without] = comparison.sides.left.explanation.text!.prompt;
    await comparison.restore({ left: 'c', right: 'd', parts: [without] });
    await settle();
    pickText('left', 'Avoid');
    comparison.view = 'maps';
  }

  it('shades by effects where both runs have them, without a job', async () => {
    await withEffects([0.01, 2, 0.5], [1, 0.5]);
    expect(comparison.by).toBe('effect');
    const left = comparison.overlays.shown('left')!;
    expect(left.effects!.by).toBe('effect');
    expect(left.segments.map(({ rank }) => rank).slice(0, 3)).toEqual([
      3, 1, 2
    ]);
    // On one range, full colour is the larger of both sides' effects per token.
    const right = comparison.overlays.shown('right')!;
    expect(left.weights[1]).toBeCloseTo(1);
    expect(right.weights[0]).toBeLessThan(1);
    comparison.shared = false;
    expect(comparison.overlays.shown('right')!.weights[0]).toBeCloseTo(1);
    comparison.view = 'difference';
    const { changes, by } = comparison.overlays.difference!;
    expect(by).toBe('effect');
    // How much less the probability per token falls without “Be kind.” in B.
    const kind = changes.find(({ pair }) => pair.left === 1)!;
    const [before, fall] = [
      Math.exp(-0.1),
      (cost: number) => Math.exp(-0.1 - cost)
    ];
    expect(kind.left).toBeCloseTo(before - fall(2));
    expect(kind.change).toBeCloseTo(fall(2) - fall(1));
    source.change({ shadeBy: 'share' });
    expect(comparison.by).toBe('share');
    expect(comparison.overlays.difference!.by).toBe('share');
    expect(comparison.overlays.map('left')!.effects!.by).toBe('share');
    expect(client.jobs).toHaveLength(0);
  });

  it('takes up effects that the panel computes while it is open', async () => {
    const costs = [1, 0.5];
    await withEffects([0.01, 2, 0.5], null);
    expect(comparison.hasEffects).toBe(false);
    const run = keptRun(withKeptEffects(record('d', OTHER, ANSWER, 2), costs));
    const effects = new Effects(client, run, trans, 'auto');
    // The panel shows another run, and then the right side's.
    source.explanation = { effects };
    source.runs = { shown: { ...run, jobId: 'x' } };
    source.changed.emit();
    expect(comparison.hasEffects).toBe(false);
    source.runs = { shown: run };
    source.changed.emit();
    expect(comparison.hasEffects).toBe(true);
    expect(comparison.by).toBe('effect');
    expect(client.jobs).toHaveLength(0);
    effects.dispose();
  });

  it('shades by shares where one run has no effects', async () => {
    await withEffects([0.01, 2, 0.5], null);
    expect(comparison.hasEffects).toBe(false);
    expect(comparison.overlays.shown('left')!.effects!.by).toBe('share');
  });

  it('says beforehand what a trial does to the target', async () => {
    await withEffects([0.5, 2, 0.5], null);
    expect(comparison.expected!.whole).toBeCloseTo(Math.exp(-0.1));
    expect(comparison.expected!.without).toBeCloseTo(Math.exp(-0.6));
    comparison.swap();
    expect(comparison.expected).toBeNull();
  });

  it('chooses both targets together, and shows kept maps', () => {
    pickText('left', 'Avoid');
    expect(target('right')).toBe('Avoid.');
    expect(comparison.matched('right')).toBe('same');
    expect(comparison.matched('left')).toBeNull();
    comparison.view = 'difference';
    expect(comparison.overlays.difference!.changes[0].rank).toBe(1);
    expect(comparison.overlays.shown('left')!.weights).toHaveLength(5);
    expect(client.jobs).toHaveLength(0);
  });

  it('chooses each apart when they are not linked', () => {
    comparison.linked = false;
    pickText('left', 'Avoid');
    expect(target('right')).toBeNull();
    expect(comparison.overlays.difference).toBeNull();
    pickText('right', 'onions');
    expect(target('left')).toBe('Avoid.');
    expect(target('right')).toBe('It has onions.');
  });

  it('computes what is missing when it is chosen; that can be stopped', async () => {
    pickText('left', 'onions');
    await settle();
    expect(client.jobs.map(job => job.request.kind)).toEqual([
      'salience',
      'salience'
    ]);
    const { scores, map } = comparison.sides.left.explanation;
    expect(map).toBeNull();
    scores!.cancel();
    await settle();
    expect(scores!.isBusy).toBe(false);
    expect(client.jobs[0].isCancelled).toBe(true);
    client.jobs[1].scores(0);
    client.jobs[1].send({ event: 'done', seconds: 1 });
    await settle();
    expect(comparison.sides.right.explanation.map).not.toBeNull();
    scores!.prioritize(comparison.sides.left.explanation.target!);
    await settle();
    client.last.scores(0);
    await settle();
    expect(comparison.overlays.difference).not.toBeNull();
  });

  it('colours both maps on one range, or each on its own', () => {
    pickText('left', 'Avoid');
    comparison.view = 'maps';
    const strongest = () =>
      (['left', 'right'] as const).map(side =>
        Math.max(...comparison.overlays.shown(side)!.weights)
      );
    expect(strongest().sort()[0]).toBeLessThan(1);
    comparison.shared = false;
    expect(strongest()).toEqual([1, 1]);
  });

  it('marks words in the texts, and what stands alone in the difference', () => {
    pickText('left', 'Avoid');
    expect(comparison.overlays.marks('left')![0].words).toEqual([[0, 9]]);
    expect(
      comparison.overlays.marks('right')!.every(m => m.words.length === 0)
    ).toBe(true);
    comparison.view = 'difference';
    expect(comparison.overlays.marks('left')![0].kind).toBe('only');
    comparison.view = 'maps';
    expect(comparison.overlays.marks('left')).toBeNull();
  });

  it('makes nothing anew that did not change', () => {
    pickText('left', 'Avoid');
    comparison.view = 'difference';
    const before = [
      comparison.overlays.alignment,
      comparison.overlays.difference,
      comparison.overlays.shown('left'),
      comparison.overlays.marks('right')
    ];
    comparison.shared = false;
    expect([
      comparison.overlays.alignment,
      comparison.overlays.difference,
      comparison.overlays.shown('left'),
      comparison.overlays.marks('right')
    ]).toEqual(before);
    expect(comparison.overlays.shown('left')).toBe(before[2]);
    expect(comparison.overlays.marks('right')).toBe(before[3]);
  });

  it('follows the settings', () => {
    pickText('left', 'Avoid');
    source.change({ granularity: 'words' });
    expect(comparison.overlays.alignment!.pairs.length).toBeGreaterThan(5);
    expect(comparison.overlays.difference).not.toBeNull();
    source.change({ granularity: 'sentences', method: 'grad_dot_input' });
    expect(comparison.sides.right.explanation.map!.method).toBe(
      'grad_dot_input'
    );
  });

  it('swaps sides, targets and all', () => {
    pickText('left', 'Avoid');
    const change = comparison.overlays.difference!.changes.find(
      c => c.change !== null
    )!;
    comparison.swap();
    expect(comparison.sides.left.title).toBe('run b');
    expect(target('left')).toBe('Avoid.');
    const turned = comparison.overlays.difference!.changes.find(
      c => c.change !== null && c.rank === change.rank
    )!;
    expect(turned.change).toBeCloseTo(-change.change!);
    expect(comparison.save()).toMatchObject({ left: 'b', right: 'a' });
  });

  it('comes back as it was left', async () => {
    comparison.view = 'maps';
    comparison.shared = false;
    pickText('left', 'Avoid');
    const again = new Comparison(client, source, trans);
    await again.restore(comparison.save()!);
    await settle();
    expect(again.save()).toEqual(comparison.save());
    expect(again.overlays.shown('right')).toEqual(
      comparison.overlays.shown('right')
    );
    again.dispose();
  });

  it('tells of a run that is gone, and shows the other', async () => {
    client.kept.delete('b');
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'b' });
    expect(again.sides.left.phase).toBe('shown');
    expect(again.sides.right.phase).toBe('missing');
    expect(again.sides.right.problem!.message).toContain('no longer');
    expect(again.overlays.alignment).toBeNull();
    again.dispose();
  });

  it('tells what a reload lost where no history is kept', async () => {
    client.run = async () => {
      throw new ApiError(
        { error: 'history_off', message: 'No history.', hint: '' },
        404
      );
    };
    const again = new Comparison(client, source, trans);
    await again.restore({ left: 'a', right: 'b' });
    for (const side of Object.values(again.sides)) {
      expect(side.phase).toBe('missing');
      expect(side.problem!.message).toContain('can’t be restored');
      expect(side.problem!.hint).toContain('c.LitLab.history');
    }
    again.dispose();
  });
});
