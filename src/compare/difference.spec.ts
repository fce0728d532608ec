import type { IShownMap } from '../session/map';
import { differenceMap, differenceOfMaps, onRange } from './difference';
import type { IPair } from './align';

/** A map of segments of one token, with these signed shares. */
function map(...shares: (number | null)[]): IShownMap {
  return {
    target: [shares.length, shares.length + 1],
    segments: shares.map((share, i) => ({
      span: [i, i + 1],
      score: (share ?? 0) * 7,
      share: share === null ? null : Math.abs(share),
      rank: share === null ? null : i + 1
    })),
    templateShare: 0,
    maxShare: Math.max(...shares.map(share => Math.abs(share ?? 0))),
    method: 'grad_l2',
    gap: null,
    weights: shares.map(() => 0),
    numRanked: shares.length,
    isSigned: false
  };
}

const pair = (left: number | null, right: number | null): IPair => ({
  left,
  right,
  kind: left === null ? 'added' : right === null ? 'removed' : 'same'
});

const PAIRS = [pair(0, 0), pair(1, null), pair(2, 1), pair(null, 2)];

describe('compare/difference', () => {
  it('compares shares, right less left, by size', () => {
    const { changes, most } = differenceOfMaps(
      PAIRS,
      map(0.2, 0.5, 0.3),
      map(0.35, 0.25, 0.4)
    );
    expect(
      changes.map(c => [c.rank, c.pair.left, c.pair.right, c.change])
    ).toEqual([
      [1, 1, null, null],
      [2, null, 2, null],
      [3, 0, 0, expect.closeTo(0.15)],
      [4, 2, 1, expect.closeTo(-0.05)]
    ]);
    expect(most).toBeCloseTo(0.15);
  });

  it('ranks what stands alone by its share', () => {
    const { changes } = differenceOfMaps(
      PAIRS,
      map(0.2, 0.5, 0.3),
      map(0.35, 0.25, 0.4)
    );
    expect(changes[0].size).toBe(0.5);
    expect(changes[1].size).toBe(0.4);
  });

  it('counts a turn from against to for in full', () => {
    const [change] = differenceOfMaps(
      [pair(0, 0)],
      map(-0.3),
      map(0.4)
    ).changes;
    expect(change.change).toBeCloseTo(0.7);
  });

  it('leaves out what has a share on neither side', () => {
    const { changes, of } = differenceOfMaps(
      [pair(0, 0), pair(1, 1)],
      map(1, null),
      map(1, null)
    );
    expect(changes).toHaveLength(1);
    expect(of.left[1]).toBeNull();
  });

  it('knows no difference where only one side stands before its target', () => {
    const [change] = differenceOfMaps(
      [pair(0, 0)],
      map(0.4),
      map(null)
    ).changes;
    expect(change).toMatchObject({ left: 0.4, right: null, change: null });
  });

  it('differs nowhere between a map and itself', () => {
    const one = map(0.1, -0.5, 0.4);
    const { changes, most } = differenceOfMaps(
      [pair(0, 0), pair(1, 1), pair(2, 2)],
      one,
      one
    );
    expect(most).toBe(0);
    expect(changes.every(({ change }) => change === 0)).toBe(true);
  });

  it('sums to zero where all is aligned', () => {
    const { changes } = differenceOfMaps(
      [pair(0, 0), pair(1, 1), pair(2, 2)],
      map(0.2, 0.5, 0.3),
      map(0.6, 0.1, 0.3)
    );
    const sum = changes.reduce((total, { change }) => total + change!, 0);
    expect(sum).toBeCloseTo(0);
  });

  it('colours both sides alike, and what stands alone not at all', () => {
    const [left, right] = [map(0.2, 0.5, 0.3), map(0.35, 0.25, 0.4)];
    const difference = differenceOfMaps(PAIRS, left, right);
    const a = differenceMap(left, 'left', difference, 0.5);
    const b = differenceMap(right, 'right', difference, 0.5);
    expect(a.weights).toEqual([1, 0, expect.closeTo(-1 / 3)]);
    expect(b.weights).toEqual([1, expect.closeTo(-1 / 3), 0]);
    // Ranks are those of the list.
    expect(a.segments.map(s => s.rank)).toEqual([3, null, 4]);
  });

  it('shows rounding errors as what they are', () => {
    const [left, right] = [map(0.5, 0.5), map(0.5001, 0.4999)];
    const pairs = [pair(0, 0), pair(1, 1)];
    const difference = differenceOfMaps(pairs, left, right);
    const { weights } = differenceMap(left, 'left', difference, 0.5);
    expect(Math.abs(weights[0])).toBeLessThan(0.02);
  });

  it('colours maps on a common range', () => {
    expect(onRange(map(0.2, 0.1), 0.4, 0.5).weights).toEqual([0.5, 0.25]);
  });
});
