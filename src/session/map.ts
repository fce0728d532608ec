/** From a run and its scores to a map. */
import type {
  AnswerToken,
  Role,
  ScoresEvent,
  SegmentScoresEvent,
  Token,
  Turn
} from '../api';
import {
  colourWeight,
  cutAtTarget,
  intensityExponent,
  mapSalience,
  mapSegments,
  segment,
  writtenTurns
} from '../salience';
import type {
  Aggregation,
  CustomStarts,
  Granularity,
  ICutOptions,
  ISalienceMap,
  ISegmentScore,
  LineJoining,
  TokenSpan
} from '../salience';
import { METHODS } from './methods';
import type { MapMethod } from './methods';
import { ablationSegments } from './ablationSegments';
import type { IMapEffects } from './mapEffects';
import type { IRun } from './run';
import { tokensOf } from './run';

/** A run's text in segments. */
export interface IText {
  /** Prompt and answer, template tokens among them. */
  readonly tokens: readonly (Token | AnswerToken)[];
  /** Index of the answer's first token. */
  readonly seam: number;
  /** The prompt's segments; the same array while they don't change. */
  readonly prompt: readonly TokenSpan[];
  /** The answer's segments, cut where the target begins and ends. */
  readonly answer: readonly TokenSpan[];
  /** All, in order. */
  readonly segments: readonly TokenSpan[];
  /** The roles of the prompt's segments that begin or end a turn. */
  readonly turns: ReadonlyMap<TokenSpan, string>;
  /**
   * The turns of a conversation, in the order in which the chat format has them;
   * empty: the prompt is a text.
   */
  readonly conversation: readonly ITurnPart[];
  /** Whether its sentences run across lines that were wrapped by hand. */
  readonly joinLines: LineJoining;
}

/** A turn of a conversation in a run's text. */
export interface ITurnPart {
  readonly role: Role;
  /** Its index in the conversation. */
  readonly index: number;
  /** Its tokens. */
  readonly span: TokenSpan;
  /** Index of its first segment, and its segments: none crosses two turns. */
  readonly first: number;
  readonly segments: readonly TokenSpan[];
}

/** What is cut. */
export type ICutRun = Pick<IRun, 'promptTokens' | 'answerTokens'> &
  Partial<Pick<IRun, 'turns' | 'turnSpans'>>;

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

/** What a segment's colour and place follow: positive for the target. */
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

/** Cut a run's text into segments. */
export function cutText(
  run: ICutRun,
  granularity: Granularity,
  target: TokenSpan | null,
  options: ICutOptions = {}
): IText {
  const tokens = tokensOf(run);
  const seam = run.promptTokens.length;
  const {
    spans: prompt,
    turns,
    conversation
  } = cutPrompt(run, granularity, options);
  const whole = segment(run.answerTokens, 0, granularity, options).map(
    ([start, end]): TokenSpan => [start + seam, end + seam]
  );
  const answer = target ? cutAtTarget(whole, target) : whole;
  const segments = [...prompt, ...answer];
  const { joinLines = 'off' } = options;
  return {
    tokens,
    seam,
    prompt,
    answer,
    segments,
    turns,
    conversation,
    joinLines
  };
}

/** The cache saves cutting a long prompt again for each token of its answer. */
function cutPrompt(
  run: ICutRun,
  granularity: Granularity,
  options: ICutOptions
): IPromptCut {
  const { promptTokens: tokens, turns = [], turnSpans = [] } = run;
  const known = promptCuts.get(tokens) ?? new Map();
  promptCuts.set(tokens, known);
  const { custom, joinLines = 'off' } = options;
  const key =
    granularity === 'custom' && custom ? custom : `${granularity} ${joinLines}`;
  const cut =
    known.get(key) ??
    (turnSpans.length === 0 || turnSpans.length !== turns.length
      ? cutTurns(tokens, granularity, options)
      : cutConversation(tokens, turns, turnSpans, granularity, options));
  known.set(key, cut);
  return cut;
}

/** A prompt's segments, and whose turn those begin that begin one. */
type IPromptCut = Pick<IText, 'turns' | 'conversation'> & {
  spans: readonly TokenSpan[];
};

/** Cut a conversation turn by turn; what a turn's text may look like is text. */
function cutConversation(
  tokens: readonly Token[],
  turns: readonly Turn[],
  turnSpans: readonly TokenSpan[],
  granularity: Granularity,
  options: ICutOptions
): IPromptCut {
  const spans: TokenSpan[] = [];
  const conversation = turnSpans
    .map((span, index) => ({ span, index, role: turns[index].role }))
    .sort((one, other) => one.span[0] - other.span[0])
    .map(part => {
      const [start, end] = part.span;
      const segments = segment(
        tokens.slice(start, end),
        0,
        granularity,
        options
      ).map(([from, to]): TokenSpan => [from + start, to + start]);
      const first = spans.length;
      spans.push(...segments);
      return { ...part, first, segments };
    });
  return { spans, turns: new Map(), conversation };
}

function cutTurns(
  tokens: readonly Token[],
  granularity: Granularity,
  options: ICutOptions
): IPromptCut {
  const spans = segment(tokens, tokens.length, granularity, options);
  const turns = new Map<TokenSpan, string>();
  let at = 0;
  for (const { span, role } of writtenTurns(tokens, tokens.length)) {
    while (at < spans.length && spans[at][1] < span[1]) {
      at++;
    }
    turns.set(spans[at], role);
  }
  return { spans, turns, conversation: [] };
}

const promptCuts = new WeakMap<
  readonly Token[],
  Map<string | CustomStarts, IPromptCut>
>();

/** The options of a map of tokens' scores. */
export interface IMapOptions {
  readonly method: MapMethod;
  readonly aggregation: Aggregation;
  /** Of colours, 0 to 1. */
  readonly intensity: number;
  readonly gap?: number | null;
  /** The part of the text that shares refer to; absent: all of it. */
  readonly within?: TokenSpan | null;
  /** What the text is cut into; absent: sentences. */
  readonly granularity?: Granularity;
  /** Whether the target is contrastive. */
  readonly isContrastive?: boolean;
}

/**
 * How segments' scores are computed.
 *
 * Scores that add up, such as shares, are summed where a norm would stand.
 *
 * A sentence's sum of gradient · input says "for" where the sentence is against, so
 * its norm is a magnitude. Signs stay where they were found to mean something: for
 * single tokens, and for contrastive targets.
 */
function aggregationOf(options: IMapOptions): Aggregation {
  const { method, aggregation } = options;
  const { addsUp, isSigned } = METHODS[method];
  const keepsSign =
    isSigned &&
    (options.isContrastive === true || options.granularity === 'tokens');
  return aggregation === 'norm' && (addsUp || keepsSign) ? 'sum' : aggregation;
}

/**
 * Make a target's map from its tokens' scores.
 *
 * @param scores - as the method returns them; in the map, positive scores are
 *   always for the target.
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
  return show(map, options, isSigned && aggregation !== 'norm');
}

/**
 * Make a target's map from the scores of removed segments; null if they aren't
 * the text's segments.
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
  // Where the prompt's text was deleted, turns and the answer stayed.
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
 * Make a target's map from scores in any form: an automatic method's, tokens', or
 * removed segments'; null if the latter aren't the text's segments.
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

/** Whether scores are of a contrastive target. */
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
