/** Pairs of segments that are deleted together. */
import { contextCite, effectsOn, pairEffects, pairsToTry } from '../salience';
import type { IPairEffect, TokenSpan } from '../salience';
import type { IEffectTables } from './effectSegments';
import { answerSpan, keyOf } from './knownEffects';
import type { IShownMap } from './map';

/** The pairs of a map's segments that are scored. */
export function pairsOf(
  map: IShownMap,
  { segments, table }: IEffectTables
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
 * The pairs of the prompt's segments that are worth trying for a target and that aren't
 * scored yet, as indices of segments.
 */
export function pairsLeft(
  { segments, table }: IEffectTables,
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
