/** Adds effects to a map. Pure functions. */
import { contextCite, differenceOf, numFitted, reliability } from '../salience';
import type { Reliability } from '../salience';
import { pairsOf } from './effectPairs';
import { hasHeldOut, randomSetsOf } from './effectSegments';
import type { IEffectSource, IEffectTables } from './effectSegments';
import { largestOf, ranksOf, shadeBy } from './effectShades';
import { answerSpan, keyOf, knownEffects } from './knownEffects';
import { scoreOf } from './map';
import type { IShownMap } from './map';
import type { IMapEffects, ShadeBy } from './mapEffects';

/**
 * Add the effects on its target to a map. The map's segments must be the prompt's passages,
 * or its sentences, with known effects of all sentences that were deleted one by one.
 */
export function withEffects(
  map: IShownMap,
  source: IEffectSource | null,
  by: ShadeBy,
  intensity: number
): IShownMap {
  const spans = map.segments.map(({ span }) => span);
  const found = source && knownEffects(spans, map.target, source);
  if (!found) {
    return map;
  }
  const { tables, passages } = found;
  // Segments after the target have no share, and no effect on it.
  const before = <T>(values: readonly (T | null)[]) =>
    values.map((value, i) => (map.segments[i].rank === null ? null : value));
  const all = before(found.all);
  const fitted = fittedOf(map, tables);
  const deltas = all.map(effect => effect && effect.delta);
  const effects: IMapEffects = {
    by: 'share',
    level: tables.level,
    all,
    fitted,
    numFitted: fitted ? numFitted(tables.table) : 0,
    numUsual: randomSetsOf(tables.segments).samples,
    ranks: ranksOf(deltas),
    shareRanks: map.segments.map(segment => segment.rank),
    largest: largestOf(deltas),
    reliability: null,
    difference: differenceOf(tables.table),
    pairs: pairsOf(map, tables),
    ...(passages && {
      unlooked: {
        passages: before(passages),
        numLooked: tables.segments.texts.length
      }
    })
  };
  const shaded = shadeBy({ ...map, effects }, by, intensity);
  const scores = shaded.segments.map((_, i) => scoreOf(shaded, i));
  return {
    ...shaded,
    effects: {
      ...shaded.effects!,
      reliability: reliabilityOf(map, tables, scores)
    }
  };
}

/** The weights of a map's segments by ContextCite. */
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
  tables: IEffectTables,
  scores: readonly number[]
): Reliability | null {
  if (!hasHeldOut(tables)) {
    return null;
  }
  const { segments, table } = tables;
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
