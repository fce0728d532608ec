/** From a run's text and its scores to a map. */
import type { ScoresEvent, SegmentScoresEvent } from '../api';
import {
  colourWeight,
  intensityExponent,
  mapSalience,
  mapSegments
} from '../salience';
import type {
  Aggregation,
  Granularity,
  ISalienceMap,
  ISegmentScore,
  TokenSpan
} from '../salience';
import { METHODS } from './methods';
import type { MapMethod } from './methods';
import { ablationSegments } from './ablationSegments';
import type { IMapEffects } from './mapEffects';
import type { IText } from './runText';

/** A target's map, ready to show. */
export interface IShownMap extends ISalienceMap {
  readonly method: MapMethod;
  /**
   * For integrated gradients: the difference between the sum of the scores and
   * the change of the loss, relative to that change; null for other methods.
   */
  readonly gap: number | null;
  /** The part of the text that shares refer to; null or absent: all of it. */
  readonly within?: TokenSpan | null;
  /** Strength of colour for each segment, -1 to 1. */
  readonly weights: readonly number[];
  /** How many segments have a rank. */
  readonly numRanked: number;
  /** Whether its scores distinguish for from against. */
  readonly isSigned: boolean;
  /** What deleting segments does to the target; absent: not known. */
  readonly effects?: IMapEffects;
}

/** Whether a map's colours distinguish for from against. */
export function isSigned(map: IShownMap): boolean {
  return (map.effects && map.effects.by !== 'share') || map.isSigned;
}

/** The values that determine a segment's colour and position; positive values are for the target. */
export function scoreOf(
  { segments, effects }: IShownMap,
  index: number
): number {
  switch (effects?.by) {
    case 'effect':
      return effects.all[index]?.delta ?? 0;
    case 'average':
      return effects.fitted?.[index] ?? 0;
    default:
      return segments[index].score;
  }
}

/** The options of a map of token scores. */
export interface IMapOptions {
  readonly method: MapMethod;
  readonly aggregation: Aggregation;
  /** The intensity of colours, 0 to 1. */
  readonly intensity: number;
  readonly gap?: number | null;
  /** The part of the text that shares refer to; absent: all of it. */
  readonly within?: TokenSpan | null;
  /** The granularity of the text; absent for sentences. */
  readonly granularity?: Granularity;
  /** Whether the target is contrastive. */
  readonly isContrastive?: boolean;
}

/**
 * How the scores of segments are computed.
 *
 * Where an option says squares, scores that add up, such as shares, are summed instead, and
 * a single token keeps its score.
 *
 * The sum of gradient · input of a sentence may be positive although the sentence is against
 * the target, so its squares are a magnitude without a sign. Signs stay where measurements
 * found them meaningful: for single tokens, and for contrastive targets.
 */
function aggregationOf(options: IMapOptions): Aggregation {
  const { method, aggregation } = options;
  const { addsUp, isSigned } = METHODS[method];
  const isPlain =
    addsUp ||
    options.granularity === 'tokens' ||
    (isSigned && options.isContrastive === true);
  return aggregation === 'squares' && isPlain ? 'sum' : aggregation;
}

/**
 * Make a target's map from its tokens' scores.
 *
 * @param scores - the method's scores. The map's scores have the sign that makes
 *   positive scores support the target.
 */
export function makeMap(
  text: IText,
  scores: readonly number[],
  target: TokenSpan,
  options: IMapOptions
): IShownMap {
  const { turn, isSigned } = METHODS[options.method];
  const aggregation = aggregationOf(options);
  const map = mapSalience(
    text.tokens,
    turn < 0 ? scores.map(score => -score) : scores,
    text.segments,
    target,
    aggregation,
    options.within
  );
  return show(map, options, isSigned && aggregation !== 'squares');
}

/**
 * Make a target's map from the scores of removed segments; null if these aren't the text's
 * segments.
 */
export function makeSegmentMap(
  text: IText,
  scored: SegmentScoresEvent,
  target: TokenSpan,
  options: Omit<IMapOptions, 'aggregation'>
): IShownMap | null {
  const parts = ablationSegments(text.segments, target);
  const at = new Map(parts.map(part => [part.span.join(':'), part.index]));
  const known = scored.segments.map(({ start, end }) =>
    at.get(`${start}:${end}`)
  );
  const isScored = new Set(known);
  // If characters of the prompt were deleted, turn markers and the answer stayed.
  const isWhole = parts.every(
    ({ index, span }) =>
      isScored.has(index) ||
      span[0] >= text.seam ||
      text.turns.has(text.segments[index])
  );
  if (!isWhole || isScored.has(undefined)) {
    return null;
  }
  const { turn, isSigned } = METHODS[options.method];
  const scores = new Array<ISegmentScore | undefined>(text.segments.length);
  for (const [i, index] of known.entries()) {
    scores[index!] = {
      score: turn * scored.scores[i],
      ...(scored.errors && { error: scored.errors[i] })
    };
  }
  return show(
    mapSegments(text.segments, [...scores], target, options.within),
    options,
    isSigned
  );
}

/**
 * Make a target's map from the scores of any method, for tokens or for removed segments;
 * null if the removed segments aren't the text's segments.
 */
export function mapOf(
  text: IText,
  scores: readonly number[] | ScoresEvent | SegmentScoresEvent,
  target: TokenSpan,
  options: IMapOptions
): IShownMap | null {
  if (!('event' in scores)) {
    return makeMap(text, scores, target, options);
  }
  return scores.event === 'scores'
    ? makeMap(text, scores.scores, target, {
        ...options,
        gap: scores.gap,
        isContrastive: isContrastive(scores)
      })
    : makeSegmentMap(text, scores, target, options);
}

/** Whether scores explain a contrastive target. */
export function isContrastive({ foil }: Pick<ScoresEvent, 'foil'>): boolean {
  return foil !== null && foil !== undefined;
}

function show(
  map: ISalienceMap,
  options: Omit<IMapOptions, 'aggregation'>,
  isSigned: boolean
): IShownMap {
  const exponent = intensityExponent(options.intensity);
  return {
    ...map,
    method: options.method,
    isSigned,
    gap: options.gap ?? null,
    within: options.within ?? null,
    numRanked: map.segments.filter(s => s.rank !== null).length,
    weights: map.segments.map(s => colourWeight(s, map, exponent))
  };
}
