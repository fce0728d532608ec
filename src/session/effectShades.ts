/** Shades that follow effects, or averages of them. */
import {
  colourWeight,
  FAINT_EFFECT,
  intensityExponent,
  rank
} from '../salience';
import type { IShownMap } from './map';
import type { IMapEffects, ShadeBy } from './mapEffects';

/**
 * Shade a map that has effects by these, or by the averages; those that aren't known
 * yet are the effects.
 *
 * @param map - shaded by share.
 * @param full - what has full colour, in nats per token of the target; 0: the largest.
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
  // Where no segment has an effect worth the name, none has a strong colour.
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

/** What a map's shades follow, for each segment; null: it has none. */
export function sizesOf(effects: IMapEffects): readonly (number | null)[] {
  const { by, all, fitted } = effects;
  return by === 'average' && fitted
    ? // What comes after the target has no effect, and so no average.
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

/** Places by size, from 1; null for those without. */
export function ranksOf(sizes: readonly (number | null)[]): (number | null)[] {
  const places = rank(sizes.flatMap(size => size ?? []));
  let next = 0;
  return sizes.map(size => (size === null ? null : places[next++]));
}
