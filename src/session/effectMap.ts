/** Effects beside a map's shares. */
import {
  colourWeight,
  contextCite,
  effectsOn,
  intensityExponent,
  numFitted,
  pairEffects,
  pairsToTry,
  rank,
  reliability
} from '../salience';
import type { IEffect, IPairEffect, Reliability, TokenSpan } from '../salience';
import type { IEffectSource } from './effectSegments';
import { scoreOf } from './map';
import type { IShownMap } from './map';
import type { IMapEffects, ShadeBy } from './mapEffects';

/** The sizes below which an effect is hardly one, in nats per token of the target. */
export const FAINT_EFFECT = 0.01;

/**
 * Add the effects on its target to a map, if they are known for all the sentences of the
 * prompt, and these are the map's segments.
 */
export function withEffects(
  map: IShownMap,
  source: IEffectSource | null,
  by: ShadeBy,
  intensity: number
): IShownMap {
  const all = source && effectsOf(map, source);
  if (!source || !all) {
    return map;
  }
  const fitted = fittedOf(map, source);
  const deltas = all.map(effect => effect && effect.delta);
  const effects: IMapEffects = {
    by: 'share',
    all,
    fitted,
    numFitted: fitted ? numFitted(source.table) : 0,
    ranks: ranksOf(deltas),
    shareRanks: map.segments.map(segment => segment.rank),
    largest: largestOf(deltas),
    reliability: null,
    pairs: pairsOf(map, source)
  };
  const shaded = shadeBy({ ...map, effects }, by, intensity);
  const scores = shaded.segments.map((_, i) => scoreOf(shaded, i));
  return {
    ...shaded,
    effects: {
      ...shaded.effects!,
      reliability: reliabilityOf(map, source, scores)
    }
  };
}

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

function ranksOf(sizes: readonly (number | null)[]): (number | null)[] {
  const places = rank(sizes.flatMap(size => size ?? []));
  let next = 0;
  return sizes.map(size => (size === null ? null : places[next++]));
}

/** The pairs of a map's segments that are scored. */
function pairsOf(
  map: IShownMap,
  { segments, table }: IEffectSource
): IPairEffect[] {
  const { spans, seam } = segments;
  const target = answerSpan(map.target, seam);
  const places = new Map(map.segments.map(({ span }, i) => [keyOf(span), i]));
  const placeOf = (index: number) => places.get(keyOf(spans[index])) ?? -1;
  return target && table.chosen.length > 0
    ? pairEffects(table, spans.length, target).map(found => ({
        ...found,
        pair: [placeOf(found.pair[0]), placeOf(found.pair[1])] as const
      }))
    : [];
}

/**
 * The pairs of the prompt's segments that are worth trying together for a target, and
 * aren't scored yet: as indices of segments.
 */
export function pairsLeft(
  { segments, table }: IEffectSource,
  target: TokenSpan
): [number, number][] {
  const { spans, texts, seam } = segments;
  const span = answerSpan(target, seam);
  if (!span) {
    return [];
  }
  const alone = effectsOn(table, spans.length, span).slice(0, texts.length);
  const known = new Set(table.chosen.map(({ removed }) => removed.join()));
  return pairsToTry(
    alone.map(effect => effect?.delta ?? 0),
    contextCite(table, texts.length, span)
  ).filter(pair => !known.has(pair.join()));
}

/** The effects of a map's segments; null if they aren't known. */
function effectsOf(
  map: IShownMap,
  { segments, table }: IEffectSource
): (IEffect | null)[] | null {
  const { spans, texts, seam } = segments;
  const target = answerSpan(map.target, seam);
  const found = target && effectsOn(table, spans.length, target);
  if (!found) {
    return null;
  }
  const known = new Map(spans.map((span, i) => [keyOf(span), found[i]]));
  const shown = new Set(map.segments.map(({ span }) => keyOf(span)));
  const isWhole = texts.every(
    (_, i) => found[i] !== null && shown.has(keyOf(spans[i]))
  );
  return isWhole
    ? map.segments.map(({ span, rank: place }) =>
        // What follows the target has no share, and no effect on it.
        place === null ? null : (known.get(keyOf(span)) ?? null)
      )
    : null;
}

/** ContextCite's weights of a map's segments. */
function fittedOf(
  map: IShownMap,
  { segments, table }: IEffectSource
): (number | null)[] | null {
  const { spans, texts, seam } = segments;
  const target = answerSpan(map.target, seam);
  const weights = target && contextCite(table, texts.length, target);
  if (!weights) {
    return null;
  }
  const known = new Map(weights.map((one, i) => [keyOf(spans[i]), one]));
  return map.segments.map(({ span }) => known.get(keyOf(span)) ?? null);
}

/** How well the scores of a map's segments predict effects. */
function reliabilityOf(
  map: IShownMap,
  { segments, table }: IEffectSource,
  scores: readonly number[]
): Reliability | null {
  const { spans, texts, seam } = segments;
  const places = new Map(map.segments.map(({ span }, i) => [keyOf(span), i]));
  const target = answerSpan(map.target, seam);
  return (
    target &&
    reliability(
      table,
      texts.map((_, i) => scores[places.get(keyOf(spans[i])) ?? -1] ?? 0),
      target
    )
  );
}

/** A target counted from the answer's first token; null if it isn't in the answer. */
function answerSpan([start, end]: TokenSpan, seam: number): TokenSpan | null {
  return start >= seam ? [start - seam, end - seam] : null;
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
