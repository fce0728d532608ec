/** How much two maps agree. */
import type { ISalienceMap } from './shares';

/**
 * Rank correlation of two maps of one target, over the segments that both rank.
 *
 * @param bySize - whether to compare absolute scores, because one of the maps
 *   doesn't distinguish for from against.
 */
export function agreement(
  one: Pick<ISalienceMap, 'segments'>,
  other: Pick<ISalienceMap, 'segments'>,
  bySize: boolean
): number | null {
  const pairs = one.segments.flatMap((segment, i) => {
    const match = other.segments.at(i);
    return match && segment.rank !== null && match.rank !== null
      ? [[segment.score, match.score]]
      : [];
  });
  const [a, b] = [0, 1].map(side =>
    pairs.map(pair => (bySize ? Math.abs(pair[side]) : pair[side]))
  );
  return spearman(a, b);
}

/**
 * Spearman's rank correlation; ties share the mean of their ranks.
 *
 * @returns -1 to 1; null for fewer than three values, or if all values of one map
 *   are equal.
 */
export function spearman(
  one: readonly number[],
  other: readonly number[]
): number | null {
  if (one.length !== other.length) {
    throw new Error(`${one.length} values against ${other.length}`);
  }
  if (one.length < 3) {
    return null;
  }
  return correlation(tiedRanks(one), tiedRanks(other));
}

/** Pearson's correlation; null if either side doesn't vary. */
function correlation(
  one: readonly number[],
  other: readonly number[]
): number | null {
  const [a, b] = [centred(one), centred(other)];
  const scale = Math.sqrt(dot(a, a) * dot(b, b));
  return scale > 0 ? Math.max(-1, Math.min(1, dot(a, b) / scale)) : null;
}

/** Ranks from 1, the smallest first; equal values have the mean of theirs. */
export function tiedRanks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Array<number>(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) {
      end++;
    }
    for (let i = start; i < end; i++) {
      ranks[order[i]] = (start + 1 + end) / 2;
    }
    start = end;
  }
  return ranks;
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map(value => value - mean);
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, i) => sum + value * other[i], 0);
}
