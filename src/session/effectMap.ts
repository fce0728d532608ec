/** Effects beside a map's shares. */
import {
  colourWeight,
  contextCite,
  effectsOn,
  intensityExponent,
  rank,
  reliability
} from '../salience';
import type { IEffect, Reliability, TokenSpan } from '../salience';
import type { IEffectSource } from './effectSegments';
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
  const sizes = all.flatMap(effect => (effect ? [effect.delta] : []));
  const largest = sizes.reduce((max, size) => Math.max(max, Math.abs(size)), 0);
  const places = rank(sizes);
  let next = 0;
  const ranks = all.map(effect => (effect ? places[next++] : null));
  const scores = all.map((effect, i) =>
    by === 'effect' ? (effect?.delta ?? 0) : map.segments[i].score
  );
  const effects: IMapEffects = {
    by,
    all,
    fitted: fittedOf(map, source),
    ranks,
    shareRanks: map.segments.map(segment => segment.rank),
    largest,
    reliability: reliabilityOf(map, source, scores)
  };
  if (by === 'share') {
    return { ...map, effects };
  }
  const exponent = intensityExponent(intensity);
  // Where no segment has an effect worth the name, none has a strong colour.
  const count = map.target[1] - map.target[0];
  const maxShare = Math.max(largest, FAINT_EFFECT * count);
  return {
    ...map,
    effects,
    numRanked: sizes.length,
    segments: map.segments.map((segment, i) => ({
      ...segment,
      rank: ranks[i]
    })),
    weights: map.segments.map((segment, i) => {
      const score = all[i]?.delta ?? 0;
      const share = all[i] && Math.abs(score);
      return colourWeight({ ...segment, score, share }, { maxShare }, exponent);
    })
  };
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
