/** A run's text, cut into segments. */
import type { AnswerToken, Role, Token, Turn } from '../api';
import { cutAtTarget, segment, writtenTurns } from '../salience';
import type {
  CustomStarts,
  Granularity,
  ICutOptions,
  LineJoining,
  TokenSpan
} from '../salience';
import { tokensOf } from './run';
import type { IRun } from './run';

/** A run's text in segments. */
export interface IText {
  /** All tokens of prompt and answer, including template tokens. */
  readonly tokens: readonly (Token | AnswerToken)[];
  /** Index of the answer's first token. */
  readonly seam: number;
  /** The prompt's segments: the same array while they don't change. */
  readonly prompt: readonly TokenSpan[];
  /** The answer's segments, split where the target begins and ends. */
  readonly answer: readonly TokenSpan[];
  /** All segments, in order. */
  readonly segments: readonly TokenSpan[];
  /** The roles of the prompt's segments that begin or end a turn. */
  readonly turns: ReadonlyMap<TokenSpan, string>;
  /**
   * The turns of a conversation, in the chat format's order; empty if the prompt is a text.
   */
  readonly conversation: readonly ITurnPart[];
  /** Whether its sentences run across lines that were wrapped by hand. */
  readonly joinLines: LineJoining;
}

/** A turn of a conversation in a run's text. */
export interface ITurnPart {
  readonly role: Role;
  /** The turn's index in the conversation. */
  readonly index: number;
  /** The turn's token span. */
  readonly span: TokenSpan;
  /** The index of the turn's first segment, and its segments. No segment belongs to two turns. */
  readonly first: number;
  readonly segments: readonly TokenSpan[];
}

/** The part of a run that `cutText` uses. */
export type ICutRun = Pick<IRun, 'promptTokens' | 'answerTokens'> &
  Partial<Pick<IRun, 'turns' | 'turnSpans'>>;

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

/** Caches a long prompt's segments, so that the prompt isn't split again for each token of its answer. */
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

/** A prompt's segments, and the roles of those that begin a turn. */
type IPromptCut = Pick<IText, 'turns' | 'conversation'> & {
  spans: readonly TokenSpan[];
};

/** Split a conversation turn by turn. Text in a turn that looks like markers is plain text. */
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
