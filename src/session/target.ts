/** Targets: what an explanation explains. */
import { segment } from '../salience';
import type { Granularity, ICutOptions, TokenSpan } from '../salience';
import type { IFoil } from './contrast';
import { exampleLabel } from './fewshot';
import type { IRun } from './run';
import { textOf } from './runText';
import type { IText } from './runText';
import type { ISettings } from './settings';

/** A target, as it was set. */
export interface ITarget {
  /** Tokens of the answer. */
  readonly span: TokenSpan;
  /** The part of the target that stays in it when the user extends it. */
  readonly anchor: TokenSpan;
  /** The text in a contrastive target's place; null for a plain target. */
  readonly foil: IFoil | null;
  /** When it was set, in milliseconds since the epoch. */
  readonly since: number;
}

/**
 * The target that a click on a token makes.
 *
 * @param anchor - extends a target: the new one reaches from there to the
 *   segment with the token.
 * @returns null if the token isn't in the answer.
 */
export function pickTarget(
  text: Pick<IText, 'tokens' | 'seam'>,
  granularity: Granularity,
  options: ICutOptions,
  token: number,
  anchor: TokenSpan | null
): Pick<ITarget, 'span' | 'anchor'> | null {
  if (token < text.seam) {
    return null;
  }
  // `IText.segments` are cut at the current target; a click picks whole segments.
  const whole = segment(text.tokens, text.seam, granularity, options).find(
    ([start, end]) => start <= token && token < end
  );
  if (!whole) {
    return null;
  }
  const from = anchor ?? whole;
  const span: TokenSpan = [
    Math.min(from[0], whole[0]),
    Math.max(from[1], whole[1])
  ];
  return { span, anchor: from };
}

/** What ends a sentence or a line. */
const ENDED = /(?:[.!?…。！？]["'”’)\]]*\s*|\n)$/;

/**
 * The last sentence of an answer, in tokens of the sequence; null for an answer of blanks. Where a limit cut the answer within
 * a sentence, it is the one before; where the answer to a few-shot prompt goes on with another example, the last one before
 * that.
 */
export function lastSentence(
  {
    prompt,
    turns,
    promptTokens,
    answerTokens,
    reason
  }: Pick<
    IRun,
    'prompt' | 'turns' | 'promptTokens' | 'answerTokens' | 'reason'
  >,
  { joinLines }: Pick<ISettings, 'joinLines'>
): TokenSpan | null {
  const tokens = [...promptTokens, ...answerTokens];
  const seam = promptTokens.length;
  const sentences = segment(tokens, seam, 'sentences', { joinLines }).filter(
    span => span[0] >= seam && textOf(tokens, span).trim() !== ''
  );
  const label = turns ? null : exampleLabel(prompt);
  const example =
    label === null
      ? -1
      : textOf(tokens, [seam, tokens.length]).indexOf(`\n${label}`);
  const num = sentences.filter(
    ([start]) => textOf(tokens, [seam, start]).length < example
  ).length;
  if (num > 0) {
    return sentences[num - 1];
  }
  const last = sentences[sentences.length - 1] ?? null;
  const isCut =
    (reason === 'length' || reason === 'window') &&
    last !== null &&
    !ENDED.test(textOf(tokens, last));
  return isCut ? (sentences[sentences.length - 2] ?? last) : last;
}

/**
 * The targets whose scores are computed as soon as an answer is complete, so
 * that a click shows its map at once: the sentences, and larger segments if the
 * user chose them.
 */
export function automaticTargets(
  { tokens, seam }: Pick<IText, 'tokens' | 'seam'>,
  { granularity, joinLines }: Pick<ISettings, 'granularity' | 'joinLines'>
): TokenSpan[] {
  const options = { joinLines };
  const isLarger = granularity === 'lines' || granularity === 'paragraphs';
  return (
    segment(tokens, seam, 'sentences', options)
      .concat(isLarger ? segment(tokens, seam, granularity, options) : [])
      // The model never predicts the sequence's first token.
      .filter(([start]) => start >= seam && start > 0)
  );
}
