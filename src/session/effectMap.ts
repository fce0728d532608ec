/** Effects beside a map's shares. */
import {
  colourWeight,
  contextCite,
  effectsOn,
  FAINT_EFFECT,
  intensityExponent,
  leastEffect,
  rank,
  reliability
} from '../salience';
import type { IEffect, Reliability, TokenSpan } from '../salience';
import type { IEffectSource, IEffectTables } from './effectSegments';
import type { IShownMap } from './map';
import type {
  IMapEffects,
  IPassageEffect,
  IUnlooked,
  ShadeBy
} from './mapEffects';

/**
 * Add the effects on its target to a map, if its segments are the sentences of the prompt,
 * and the effects of all are known that were looked into; or if they are its passages.
 */
export function withEffects(
  map: IShownMap,
  source: IEffectSource | null,
  by: ShadeBy,
  intensity: number
): IShownMap {
  const found = source && effectsOf(map, source);
  if (!source || !found) {
    return map;
  }
  const { all, unlooked, tables } = found;
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
    fitted: fittedOf(map, tables),
    ranks,
    shareRanks: map.segments.map(segment => segment.rank),
    largest,
    reliability: reliabilityOf(map, tables, scores),
    ...(unlooked && { unlooked })
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

/** The effects of a map's segments. */
interface IFound {
  readonly all: readonly (IEffect | null)[];
  /** What their reliability, and weights, are measured by. */
  readonly tables: IEffectTables;
  readonly unlooked?: IUnlooked;
}

/** The effects of a map's segments; null if they aren't known. */
function effectsOf(map: IShownMap, source: IEffectSource): IFound | null {
  const known = knownOf(map, source);
  if (!known) {
    return null;
  }
  const { passages } = source;
  if (!passages) {
    return shows(map, source, known)
      ? { all: allOf(map, known), tables: source }
      : null;
  }
  const whole = knownOf(map, passages);
  if (!whole) {
    return null;
  }
  if (passages.areParagraphs && shows(map, passages, whole)) {
    return { all: allOf(map, whole), tables: passages };
  }
  if (!passages.isLooked) {
    return null;
  }
  // Each sentence is one that was looked into, or in one passage.
  const spans = passages.segments.texts.map(
    (_, i) => passages.segments.spans[i]
  );
  const sizes = spans.map(span => Math.abs(whole.get(keyOf(span))?.delta ?? 0));
  const least = leastEffect(Math.max(0, ...sizes), map.target);
  const within = placesIn(map, spans);
  const all = allOf(map, new Map([...whole, ...known]));
  const unlooked = map.segments.map(
    ({ rank: place }, i): IPassageEffect | null => {
      const at = all[i] || place === null ? -1 : within[i];
      const effect = at < 0 ? null : whole.get(keyOf(spans[at]));
      return effect ? { ...effect, isSmall: sizes[at] < least } : null;
    }
  );
  const shown = new Set(map.segments.map(({ span }) => keyOf(span)));
  const isWhole =
    shows(map, source, known) &&
    passages.sentences.every(span => shown.has(keyOf(span)));
  return isWhole
    ? {
        all,
        tables: source,
        unlooked: {
          passages: unlooked,
          areParagraphs: passages.areParagraphs,
          numLooked: source.segments.texts.length
        }
      }
    : null;
}

/** The effects on a map's target, by the segments' spans; null if it isn't in the answer. */
function knownOf(
  map: IShownMap,
  { segments: { spans, seam }, table }: IEffectTables
): Map<string, IEffect> | null {
  const target = answerSpan(map.target, seam);
  if (!target) {
    return null;
  }
  const known = new Map<string, IEffect>();
  effectsOn(table, spans.length, target).forEach((effect, i) => {
    if (effect) {
      known.set(keyOf(spans[i]), effect);
    }
  });
  return known;
}

/** Whether the segments of the prompt are among a map's, and have known effects. */
function shows(
  map: IShownMap,
  { segments: { spans, texts } }: IEffectTables,
  known: ReadonlyMap<string, IEffect>
): boolean {
  const shown = new Set(map.segments.map(({ span }) => keyOf(span)));
  return texts.every((_, i) => {
    const key = keyOf(spans[i]);
    return known.has(key) && shown.has(key);
  });
}

/** What follows the target has no share, and no effect on it. */
function allOf(
  map: IShownMap,
  known: ReadonlyMap<string, IEffect>
): (IEffect | null)[] {
  return map.segments.map(({ span, rank: place }) =>
    place === null ? null : (known.get(keyOf(span)) ?? null)
  );
}

/** The span that each of a map's segments is in; -1: none. */
function placesIn(map: IShownMap, spans: readonly TokenSpan[]): number[] {
  const order = [...spans.keys()].sort((a, b) => spans[a][0] - spans[b][0]);
  let next = 0;
  return map.segments.map(({ span: [start, end] }) => {
    while (next < order.length && spans[order[next]][1] <= start) {
      next++;
    }
    const at = next < order.length ? order[next] : -1;
    return at >= 0 && spans[at][0] <= start && end <= spans[at][1] ? at : -1;
  });
}

/** ContextCite's weights of a map's segments. */
function fittedOf(
  map: IShownMap,
  { segments, table }: IEffectTables
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
  { segments, table }: IEffectTables,
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
