/** The difference of two maps, over segments that correspond. */
import { intensityExponent } from '../salience';
import type { ISegmentSalience } from '../salience';
import { colourWeight } from '../salience';
import type { IShownMap } from '../session/map';
import { unlookedOf } from '../session/mapEffects';
import type { IPair } from './align';
import type { Side } from './segments';

/** The shares, or the effects, of a pair of segments. */
export interface IChange {
  readonly pair: IPair;
  /**
   * Signed share, -1 to 1; or by how much the target's probability per token falls
   * without the segment. Null if the segment is missing or has none.
   */
  readonly left: number | null;
  readonly right: number | null;
  /** Right minus left; null if either is null. */
  readonly change: number | null;
  /**
   * Whether there is a segment without an effect because it wasn't looked into: only
   * the passage that it is in was deleted.
   */
  readonly isUnlooked: boolean;
  /** What it is ranked by: the change, or the share of a segment without a counterpart. */
  readonly size: number;
  /** From 1, the greatest. */
  readonly rank: number;
}

/** The difference of two maps. */
export interface IMapDifference {
  /** By rank. Pairs without any share are left out. */
  readonly changes: readonly IChange[];
  /** For each segment of a side, its change; null if it is left out. */
  readonly of: Readonly<Record<Side, readonly (IChange | null)[]>>;
  /** The greatest change of a pair, as a fraction of one. */
  readonly most: number;
  /** What is compared. */
  readonly by: 'share' | 'effect';
}

/**
 * Full colour stands for at least this change. Otherwise two maps that differ only
 * by rounding would look completely different.
 */
export const MIN_FULL = 0.01;

/**
 * Compare two maps, segment by segment.
 *
 * It compares shares, because scores of two targets, prompts or models have no
 * common unit, and shares do. Shares of signed methods keep the score's
 * sign, so that a segment that turned from against to for changed by the sum. Where both
 * maps are shaded by effects, it compares what these do to the probability per token.
 */
export function differenceOfMaps(
  pairs: readonly IPair[],
  left: IShownMap,
  right: IShownMap
): IMapDifference {
  const isByEffect = [left, right].every(map => map.effects?.by === 'effect');
  const valueOf = isByEffect ? fallOf : signedShare;
  const found = pairs.flatMap(pair => {
    const [a, b] = [valueOf(left, pair.left), valueOf(right, pair.right)];
    if (a === null && b === null) {
      return [];
    }
    const change = a === null || b === null ? null : b - a;
    const size = Math.abs(change ?? a ?? b ?? 0);
    const isUnlooked =
      isByEffect &&
      (unlookedOf(left, pair.left) ?? unlookedOf(right, pair.right)) !== null;
    return [{ pair, left: a, right: b, change, isUnlooked, size }];
  });
  const changes = found
    .sort((one, other) => other.size - one.size)
    .map((one, index): IChange => ({ ...one, rank: index + 1 }));
  const of = {
    left: new Array<IChange | null>(left.segments.length).fill(null),
    right: new Array<IChange | null>(right.segments.length).fill(null)
  };
  for (const change of changes) {
    for (const side of ['left', 'right'] as const) {
      const index = change.pair[side];
      if (index !== null) {
        of[side][index] = change;
      }
    }
  }
  const most = changes.reduce(
    (max, { change }) => Math.max(max, Math.abs(change ?? 0)),
    0
  );
  return { changes, of, most, by: isByEffect ? 'effect' : 'share' };
}

/** By how much the target's probability per token falls without a segment. */
function fallOf({ effects }: IShownMap, index: number | null): number | null {
  const effect = index === null ? null : effects?.all[index];
  return effect ? effect.whole - effect.without : null;
}

function signedShare(
  { segments }: IShownMap,
  index: number | null
): number | null {
  const segment = index === null ? undefined : segments[index];
  if (!segment || segment.share === null) {
    return null;
  }
  return segment.score < 0 ? -segment.share : segment.share;
}

/**
 * A side's segments, coloured by their change: positive if their share is larger
 * on the right. Segments without a counterpart have no colour.
 *
 * @param intensity - of colours, 0 to 1.
 */
export function differenceMap(
  map: IShownMap,
  side: Side,
  difference: IMapDifference,
  intensity: number
): IShownMap {
  const exponent = intensityExponent(intensity);
  const full = Math.max(difference.most, MIN_FULL);
  const segments = map.segments.map((segment, i): ISegmentSalience => {
    const found = difference.of[side][i];
    const change = found?.change ?? 0;
    return {
      span: segment.span,
      score: change,
      share: found ? Math.abs(change) : null,
      rank: found?.change === null ? null : (found?.rank ?? null)
    };
  });
  return {
    ...map,
    segments,
    maxShare: full,
    weights: segments.map(s => colourWeight(s, { maxShare: full }, exponent))
  };
}

/** A map with a given range of colours. */
export function onRange(
  map: IShownMap,
  maxShare: number,
  intensity: number
): IShownMap {
  const exponent = intensityExponent(intensity);
  return {
    ...map,
    weights: map.segments.map(s => colourWeight(s, { maxShare }, exponent))
  };
}
