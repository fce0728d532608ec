/** Shades that follow effects or averages. */
import {
  colourWeight,
  FAINT_EFFECT,
  intensityExponent,
  rank
} from '../salience';
import type { IShownMap } from './map';
import type { IMapEffects, ShadeBy } from './mapEffects';

/**
 * Shade a map by its effects, or by averages. While averages are unknown, effects take their place.
 *
 * @param map - the map, shaded by share.
 * @param full - the effect with full colour, in nats per token of the target; 0 for the largest.
 */
export function shadeBy(
  map: IShownMap,
  by: ShadeBy,
  intensity: number,
  full = 0
): IShownMap {
  const { effects } = map;
  if (!effects || by === 'share') {
    return map;
  }
  const isAverage = by === 'average' && effects.fitted !== null;
  const shown: IMapEffects = { ...effects, by: isAverage ? by : 'effect' };
  const sizes = sizesOf(shown);
  const ranks = ranksOf(sizes);
  const exponent = intensityExponent(intensity);
  // If all effects are faint, no segment gets a strong colour.
  const count = map.target[1] - map.target[0];
  const least = FAINT_EFFECT * count;
  const maxShare = Math.max(full > 0 ? full * count : largestOf(sizes), least);
  return {
    ...map,
    effects: shown,
    numRanked: sizes.filter(size => size !== null).length,
    segments: map.segments.map((segment, i) => ({
      ...segment,
      rank: ranks[i]
    })),
    weights: map.segments.map((segment, i) => {
      const score = sizes[i] ?? 0;
      const share = sizes[i] === null ? null : Math.abs(score);
      return colourWeight({ ...segment, score, share }, { maxShare }, exponent);
    })
  };
}

/** The values that a map's shades follow, for each segment; null if the segment has none. */
export function sizesOf(effects: IMapEffects): readonly (number | null)[] {
  const { by, all, fitted } = effects;
  return by === 'average' && fitted
    ? // Segments after the target have no effect, and so no average.
      fitted.map((weight, i) => (all[i] ? weight : null))
    : all.map(effect => effect && effect.delta);
}

/** The largest size. */
export function largestOf(sizes: readonly (number | null)[]): number {
  return sizes.reduce<number>(
    (max, size) => Math.max(max, Math.abs(size ?? 0)),
    0
  );
}

/** Ranks by size, from 1; null for segments without a size. */
export function ranksOf(sizes: readonly (number | null)[]): (number | null)[] {
  const places = rank(sizes.flatMap(size => size ?? []));
  let next = 0;
  return sizes.map(size => (size === null ? null : places[next++]));
}
