import { mergeEffects, NO_EFFECTS } from './effects';
import type { IScoredSets } from './effects';
import { pairEffects, pairsToTry } from './pairs';

/** Three segments; the first two say the same. */
const ONE: IScoredSets = {
  kind: 'one',
  first: 0,
  total: 4,
  removed: [[], [2], [1], [0]],
  logprobs: [
    [-0.2, -1],
    [-1.2, -1],
    [-0.2, -1],
    [-0.4, -1]
  ]
};

const PAIRS: IScoredSets = {
  kind: 'chosen',
  first: 0,
  total: 2,
  removed: [
    [0, 1],
    [0, 2]
  ],
  logprobs: [
    [-3.2, -1],
    [-1.3, -1]
  ]
};

describe('salience/pairs', () => {
  it('holds what both do together against each alone', () => {
    const table = mergeEffects(NO_EFFECTS, [PAIRS, ONE]);
    // Chosen sets are counted apart.
    expect(table.total).toBe(4);
    expect(table.sets).toHaveLength(4);
    const [same, other] = pairEffects(table, 3, [0, 1]);
    expect(same.pair).toEqual([0, 1]);
    expect(same.both.delta).toBeCloseTo(3);
    expect(same.both.without).toBeCloseTo(Math.exp(-3.2));
    expect(same.added.delta).toBeCloseTo(0.2);
    expect(same.more).toBeCloseTo(2.8);
    expect(other.more).toBeCloseTo(-0.1);
    expect(pairEffects(table, 3, [1, 2])[0].more).toBeCloseTo(0);
    // Not before each alone is scored.
    const early = mergeEffects(NO_EFFECTS, [PAIRS]);
    expect(pairEffects(early, 3, [0, 1])).toEqual([]);
  });

  it('takes sets that are known once', () => {
    const table = mergeEffects(NO_EFFECTS, [ONE, PAIRS]);
    expect(mergeEffects(table, [PAIRS])).toBe(table);
    const more = { ...PAIRS, removed: [[1, 2]], logprobs: [[-1.3, -1]] };
    expect(mergeEffects(table, [more]).chosen).toHaveLength(3);
  });

  it('tries the strongest alone, and over random deletions', () => {
    const alone = [0, 0, 5, -4, 3, 2, 1];
    expect(pairsToTry([0, 2, 0], null)).toEqual([]);
    expect(pairsToTry([1, 2, 0], null)).toEqual([[0, 1]]);
    const pairs = pairsToTry(alone, [3, 3, 0, 0, 0, 0, 0]);
    // Two that say the same matter only over random deletions.
    expect(new Set(pairs.flat())).toEqual(new Set([0, 1, 2, 3, 4]));
    expect(pairs).toHaveLength(10);
    expect(pairs[0]).toEqual([0, 1]);
  });
});
