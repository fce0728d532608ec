import {
  NO_EFFECTS,
  contextCite,
  effectsOn,
  mergeEffects,
  numFitted,
  reliability
} from './effects';
import type { IScoredSets } from './effects';

interface ICase {
  segments: number;
  target: [number, number];
  events: IScoredSets[];
  weights: number[];
  scores: number[];
  correlation: number;
}

/** By scripts/make_effects_fixture.py. */
const CASES = jest.requireActual<ICase[]>('../../tests/fixtures/effects.json');

/** Three segments, of which the third is of the answer: its first token. */
const ONE: IScoredSets = {
  kind: 'one',
  first: 0,
  total: 12,
  removed: [[], [2], [1], [0]],
  logprobs: [
    [-0.1, -0.2, -0.3],
    [null, -0.2, -1.3],
    [-0.1, -0.2, -0.1],
    [-1.1, -2.2, -0.3]
  ]
};

/** Held-out sets whose target depends on the first segment, then on the second. */
const HELD_OUT: IScoredSets = {
  kind: 'held_out',
  first: 4,
  total: 12,
  removed: [[], [0], [1], [0, 1], [], [0], [1], [0, 1]],
  logprobs: [-1, -5, -2, -6, -1.1, -5.1, -2.1, -6.1].map(p => [p / 3, 0, p])
};

describe('salience/effects', () => {
  it('gives what deleting each segment does to a target', () => {
    const table = mergeEffects(NO_EFFECTS, [ONE]);
    const [first, second, third] = effectsOn(table, 3, [0, 2]);
    expect(first!.delta).toBeCloseTo(3);
    expect(first!.whole).toBeCloseTo(Math.exp(-0.15));
    expect(first!.without).toBeCloseTo(Math.exp(-1.65));
    expect(second!.delta).toBeCloseTo(0);
    // It contains a token of the target.
    expect(third).toBeNull();
    expect(effectsOn(table, 3, [2, 3])[2]!.delta).toBeCloseTo(1);
    expect(effectsOn(table, 3, [2, 3])[1]!.delta).toBeCloseTo(-0.2);
  });

  it('fits to whole blocks of random sets', () => {
    const removed = Array.from({ length: 20 }, (_, i) => (i % 3 ? [0] : [1]));
    const random: IScoredSets = {
      kind: 'random',
      first: 0,
      total: 20,
      removed,
      logprobs: removed.map(([gone], i) => [i < 16 ? -1 - gone : -9])
    };
    const table = mergeEffects(NO_EFFECTS, [random]);
    const block = { ...random, removed: removed.slice(0, 16) };
    expect(numFitted(table)).toBe(16);
    expect(contextCite(table, 2, [0, 1])).toEqual(
      contextCite(mergeEffects(NO_EFFECTS, [block]), 2, [0, 1])
    );
  });

  it('knows no effect before it is scored, and none outside of the answer', () => {
    const none = [null, null, null];
    expect(effectsOn(NO_EFFECTS, 3, [0, 1])).toEqual(none);
    const table = mergeEffects(NO_EFFECTS, [ONE]);
    expect(effectsOn(table, 3, [2, 4])).toEqual(none);
    expect(effectsOn(table, 3, [1, 1])).toEqual(none);
    const part = mergeEffects(NO_EFFECTS, [
      { ...ONE, removed: [[], [2]], logprobs: ONE.logprobs.slice(0, 2) }
    ]);
    expect(effectsOn(part, 3, [1, 3]).map(one => one !== null)).toEqual([
      false,
      false,
      true
    ]);
  });

  it('merges jobs that continue each other, up to the first gap', () => {
    const rest = {
      ...HELD_OUT,
      first: 6,
      removed: HELD_OUT.removed.slice(2),
      logprobs: HELD_OUT.logprobs.slice(2)
    };
    const gap = mergeEffects(NO_EFFECTS, [rest, ONE]);
    expect(gap.sets).toHaveLength(4);
    expect(gap.total).toBe(12);
    const all = mergeEffects(gap, [
      rest,
      {
        ...HELD_OUT,
        first: 3,
        removed: [[1], [], [0]],
        logprobs: [[-9], [-1 / 3, 0, -1], [-5 / 3, 0, -5]]
      }
    ]);
    expect(all.sets).toHaveLength(12);
    // What is known stays.
    expect(all.sets[3].removed).toEqual([0]);
    expect(mergeEffects(all, [ONE, HELD_OUT])).toBe(all);
  });

  it('grades a map by the held-out sets alone', () => {
    const table = mergeEffects(NO_EFFECTS, [ONE, HELD_OUT]);
    expect(reliability(table, [4, 1], [2, 3])).toBe('good');
    expect(reliability(table, [1, 4], [2, 3])).toBe('fair');
    expect(reliability(table, [-4, -1], [2, 3])).toBe('weak');
    // Equal scores: the more segments stay, the more likely the target.
    expect(reliability(table, [1, 1], [2, 3])).toBe('good');
    expect(reliability(table, [0, 0], [2, 3])).toBeNull();
    // The second token's probability doesn't vary.
    expect(reliability(table, [4, 1], [1, 2])).toBeNull();
    const few = mergeEffects(NO_EFFECTS, [
      ONE,
      {
        ...HELD_OUT,
        removed: HELD_OUT.removed.slice(0, 7),
        logprobs: HELD_OUT.logprobs.slice(0, 7)
      }
    ]);
    expect(reliability(few, [4, 1], [2, 3])).toBeNull();
  });

  it('needs 16 random sets for a fit', () => {
    const { events, target, segments } = CASES[0];
    const last = events[2];
    const table = mergeEffects(NO_EFFECTS, [
      events[0],
      events[1],
      {
        ...last,
        removed: last.removed.slice(1),
        logprobs: last.logprobs.slice(1)
      },
      { ...last, removed: [], logprobs: [] }
    ]);
    expect(contextCite(table, segments, target)).toBeNull();
  });

  it('fits what a certain answer says, too', () => {
    const sets = Array.from({ length: 16 }, (_, i) => i % 4);
    const table = mergeEffects(NO_EFFECTS, [
      {
        kind: 'random',
        first: 0,
        total: 16,
        removed: sets.map(i => [[], [0], [1], [0, 1]][i]),
        logprobs: sets.map(i => (i % 2 === 0 ? [0, 0] : [-1, -1]))
      }
    ]);
    const [first, second] = contextCite(table, 2, [0, 2])!;
    expect(first).toBeGreaterThan(10);
    expect(second).toBeCloseTo(0);
  });

  it.each(CASES.map((one, i) => [i, one] as const))(
    'agrees with scikit-learn and SciPy in case %#',
    (_, { events, segments, target, weights, scores, correlation }) => {
      const table = mergeEffects(NO_EFFECTS, events);
      const fitted = contextCite(table, segments, target)!;
      expect(fitted).toHaveLength(weights.length);
      fitted.forEach((weight, i) => expect(weight).toBeCloseTo(weights[i], 6));
      expect(reliability(table, scores, target)).toBe(
        correlation >= 0.8 ? 'good' : correlation >= 0.5 ? 'fair' : 'weak'
      );
    }
  );
});
