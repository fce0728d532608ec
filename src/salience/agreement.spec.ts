import { agreement, spearman, tiedRanks } from './agreement';

describe('salience/agreement', () => {
  it('ranks ties by the mean of their places', () => {
    expect(tiedRanks([10, 30, 20, 20])).toEqual([1, 4, 2.5, 2.5]);
    expect(tiedRanks([])).toEqual([]);
  });

  it('sees order alone, not size', () => {
    expect(spearman([1, 2, 3, 4], [0.1, 5, 700, 8e9])).toBe(1);
    expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1);
  });

  it('has the value that scipy.stats.spearmanr has, with ties', () => {
    expect(spearman([1, 2, 2, 4, 5], [3, 1, 4, 4, 9])).toBeCloseTo(
      0.7631578947368421,
      12
    );
    expect(spearman([3, -1, 2, 0], [1, 2, 3, 4])).toBeCloseTo(-0.4, 12);
  });

  it('compares maps by what both rank, by size where signs are not known', () => {
    const map = (...scores: number[]) => ({
      segments: scores.map((score, i) => ({
        span: [i, i + 1] as const,
        score,
        share: i < 4 ? 0.1 : null,
        rank: i < 4 ? 1 : null
      }))
    });
    const one = map(1, 2, 3, 4, 0);
    const other = map(-1, -2, -3, -4, 99);
    expect(agreement(one, other, false)).toBe(-1);
    expect(agreement(one, other, true)).toBe(1);
  });

  it('says nothing where there is nothing to compare', () => {
    expect(spearman([1, 2], [1, 2])).toBeNull();
    expect(spearman([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(() => spearman([1, 2, 3], [1])).toThrow();
  });
});
