import type { IEffectTable, IScoredSet } from './effects';
import { relevance } from './passages';

/** A table of passages: the target's log-probability without some of them. */
function table(
  numPassages: number,
  logprob: (removed: readonly number[]) => number
): IEffectTable {
  const all = [...Array(numPassages).keys()];
  const row = (
    kind: IScoredSet['kind'],
    removed: readonly number[]
  ): IScoredSet => ({
    kind,
    removed,
    logprobs: [logprob(removed)],
    difference: null
  });
  // Sets by the bits of numbers that differ much.
  const random = Array.from({ length: 16 }, (_, i) =>
    all.filter(n => ((i * 2654435761 + 97) >>> (n + 3)) & 1)
  );
  const sets = [
    row('one', []),
    ...all.map(n => row('one', [n])),
    ...random.map(removed => row('random', removed))
  ];
  return { sets, total: sets.length, chosen: [] };
}

describe('salience/passages', () => {
  it('finds what has an effect, by its size', () => {
    const costs = [0.001, 2, -0.5, 0.1];
    const found = relevance(
      table(4, removed => removed.reduce((sum, n) => sum - costs[n], -0.1)),
      4,
      [[0, 1]]
    );
    expect(found[1]).toBe(1);
    expect(found[2]).toBeCloseTo(0.25);
    expect(found[0]).toBe(0);
  });

  it('finds passages that say the same, of which none has an effect alone', () => {
    const found = relevance(
      table(6, removed =>
        removed.includes(1) && removed.includes(4) ? -4 : -0.1
      ),
      6,
      [[0, 1]]
    );
    expect(found[1]).toBeGreaterThan(0);
    expect(found[4]).toBeGreaterThan(0);
  });

  it('takes small and negative weights for chance', () => {
    // One passage decides; the third, less so, only without it.
    const found = relevance(
      table(6, removed =>
        removed.includes(2) ? (removed.includes(3) ? -6 : -9) : -0.1
      ),
      6,
      [[0, 1]]
    );
    expect(found.map(value => value > 0)).toEqual([
      false,
      false,
      true,
      false,
      false,
      false
    ]);
  });

  it('finds nothing where the target stays as likely', () => {
    const still = table(3, removed => -0.1 - removed.length / 1000);
    expect(relevance(still, 3, [[0, 1]])).toEqual([0, 0, 0]);
  });
});
