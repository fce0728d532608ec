/** From a run and its scores to what is shown. */
import type { Method, Token } from '../api';
import {
  colourWeight,
  cutAtTarget,
  intensityExponent,
  mapSalience,
  segment
} from '../salience';
import type {
  Granularity,
  ISalienceMap,
  ISegmentSalience,
  TokenSpan
} from '../salience';
import type { IRun } from './run';
import { tokensOf } from './run';
import type { ISettings } from './settings';
import type { IShade } from './source';

/** A run's text, cut into segments. */
export interface IText {
  /** Prompt and answer, template tokens among them. */
  readonly tokens: readonly Token[];
  /** Index of the answer's first token. */
  readonly seam: number;
  /** The prompt's segments; the same array as long as they are the same. */
  readonly prompt: readonly TokenSpan[];
  /** The answer's, cut where the target begins and ends, if there is one. */
  readonly answer: readonly TokenSpan[];
  /** All, in order. */
  readonly segments: readonly TokenSpan[];
}

/** A target's map, ready to be shown. */
export interface IShownMap extends ISalienceMap {
  readonly method: Method;
  /** Strength of colour for each segment, -1 to 1. */
  readonly weights: readonly number[];
  /** How many segments have a rank. */
  readonly numRanked: number;
}

/** Cut a run's text into segments. */
export function cutText(
  run: IRun,
  granularity: Granularity,
  target: TokenSpan | null
): IText {
  const tokens = tokensOf(run);
  const seam = run.promptTokens.length;
  const prompt = cutPrompt(run.promptTokens, granularity);
  const whole = segment(run.answerTokens, 0, granularity).map(
    ([start, end]): TokenSpan => [start + seam, end + seam]
  );
  const answer = target ? cutAtTarget(whole, target) : whole;
  return { tokens, seam, prompt, answer, segments: [...prompt, ...answer] };
}

/** A long prompt is not cut anew for each token of its answer. */
function cutPrompt(
  tokens: readonly Token[],
  granularity: Granularity
): readonly TokenSpan[] {
  const known = promptCuts.get(tokens) ?? {};
  promptCuts.set(tokens, known);
  return (known[granularity] ??= segment(tokens, tokens.length, granularity));
}

const promptCuts = new WeakMap<
  readonly Token[],
  Partial<Record<Granularity, readonly TokenSpan[]>>
>();

/** Make a target's map of its scores. */
export function makeMap(
  text: IText,
  scores: readonly number[],
  target: TokenSpan,
  settings: ISettings
): IShownMap {
  const map = mapSalience(
    text.tokens,
    scores,
    text.segments,
    target,
    settings.aggregation
  );
  const exponent = intensityExponent(settings.intensity);
  return {
    ...map,
    method: settings.method,
    numRanked: map.segments.filter(s => s.rank !== null).length,
    weights: map.segments.map(s => colourWeight(s, map, exponent))
  };
}

/** The characters of a span of tokens. */
export function textOf(
  tokens: readonly Token[],
  [start, end]: TokenSpan
): string {
  let text = '';
  for (let i = start; i < end; i++) {
    text += tokens[i].text;
  }
  return text;
}

/**
 * The map's part that lies over the prompt, in UTF-16 units of the prompt.
 *
 * @param label - what the hover text says of a segment.
 */
export function shadesOf(
  text: IText,
  map: IShownMap,
  label: (segment: ISegmentSalience) => string
): IShade[] {
  const shades: IShade[] = [];
  const offsets = [0];
  for (let i = 0; i < text.seam; i++) {
    offsets.push(offsets[i] + text.tokens[i].text.length);
  }
  map.segments.forEach((segment, i) => {
    const [start, end] = segment.span;
    if (end > text.seam || segment.rank === null) {
      return;
    }
    // Blanks around a segment and runs of line breaks are not shaded.
    const content = textOf(text.tokens, segment.span);
    const lead = content.length - content.trimStart().length;
    const from = offsets[start] + lead;
    const to = from + content.trim().length;
    if (from < to && to <= offsets[end]) {
      shades.push({
        span: [from, to],
        weight: map.weights[i],
        rank: segment.rank,
        label: label(segment)
      });
    }
  });
  return shades;
}
