/** Trials: a run's prompt without some of its parts, or with another text in the place of one. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Token, Turn } from '../api';
import type { TokenSpan } from '../salience';
import { textOfTurns } from '../session/conversation';
import { textOf } from '../session/runText';
import { modeOf } from '../session/run';
import type { IRun, IRunRequest } from '../session/run';

/** A change of a run's prompt. */
export interface ITrial {
  /** The parts that it changes, in order and without overlap; in a conversation, each within one turn. */
  readonly spans: readonly TokenSpan[];
  /** The text in each part's place; null: none, and the gaps close. */
  readonly replacement: string | null;
}

/** A part of a text, in UTF-16 units, without the blanks at its ends. */
type Core = readonly [start: number, end: number];

/** The most characters of a text in a name, alone and among others. */
const NAME_LENGTH = 60;
const SHORT_LENGTH = 24;

/** How many of several parts a name quotes. */
const MAX_QUOTED = 3;

/** The most parts of a trial. */
export const MAX_TRIAL_PARTS = 500;

/** A trial without some parts. */
export function trialWithout(...spans: readonly TokenSpan[]): ITrial {
  return { spans, replacement: null };
}

/** The text that a trial changes in a part: without the blanks at its ends, which stay or go with the gaps. */
export function coreOf(
  { promptTokens }: Pick<IRun, 'promptTokens'>,
  span: TokenSpan
): string {
  return textOf(promptTokens, span).trim();
}

/** A run's prompt after a trial's change. */
export function promptOfTrial(
  { promptTokens }: Pick<IRun, 'promptTokens'>,
  trial: ITrial
): string {
  return change(promptTokens, trial);
}

/** A run's conversation after a trial's change; a turn of which nothing is left is left out. */
export function turnsOfTrial(
  run: IRun,
  { spans, replacement }: ITrial
): readonly Turn[] | undefined {
  return run.turns?.flatMap((turn, index) => {
    const [from, to] = run.turnSpans[index] ?? [0, 0];
    const inside = spans
      .filter(([start, end]) => from <= start && end <= to)
      .map(([start, end]): TokenSpan => [start - from, end - from]);
    if (inside.length === 0) {
      return turn;
    }
    const tokens = run.promptTokens.slice(from, to);
    const text = change(tokens, { spans: inside, replacement });
    return text.trim() === '' ? [] : { ...turn, text };
  });
}

/** Whether a trial leaves the prompt as it is. */
export function isIdle(run: IRun, { spans, replacement }: ITrial): boolean {
  return spans.every(span => coreOf(run, span) === (replacement ?? ''));
}

function change(
  tokens: readonly Token[],
  { spans, replacement }: ITrial
): string {
  let text = textOf(tokens, [0, tokens.length]);
  // From the end: what stands before a part doesn't move.
  for (const core of coresOf(tokens, spans).reverse()) {
    text =
      replacement === null
        ? without(text, core)
        : text.slice(0, core[0]) + replacement + text.slice(core[1]);
  }
  return text;
}

/** Where parts are in the tokens' text. */
function coresOf(
  tokens: readonly Token[],
  spans: readonly TokenSpan[]
): Core[] {
  let [token, at] = [0, 0];
  return spans.map(([start, end]) => {
    const part = textOf(tokens, [start, end]);
    const core = part.trim();
    const begin =
      at +
      textOf(tokens, [token, start]).length +
      (part.length - part.trimStart().length);
    at += textOf(tokens, [token, end]).length;
    token = end;
    return [begin, begin + core.length];
  });
}

/**
 * A text without a part.
 *
 * Of the gaps before and after it, the one with more line breaks stays, so that
 * paragraphs stay apart. At the text's end, its own end stays: trailing blanks
 * would make it another prompt. Several parts go one after the other, in any order.
 */
function without(text: string, [start, end]: Core): string {
  if (start === end) {
    return text; // A part of blanks is a gap itself.
  }
  const [before, after] = [text.slice(0, start), text.slice(end)];
  const [head, tail] = [before.trimEnd(), after.trimStart()];
  const gapBefore = before.slice(head.length);
  const gapBehind = after.slice(0, after.length - tail.length);
  const keepsFirst =
    tail !== '' &&
    (head === '' || countBreaks(gapBefore) > countBreaks(gapBehind));
  return head + (keepsFirst ? gapBefore : gapBehind) + tail;
}

function countBreaks(text: string): number {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).length - 1;
}

/** What a trial asks. */
export function trialOf(
  run: IRun,
  trial: ITrial,
  trans: TranslationBundle
): IRunRequest {
  const turns = turnsOfTrial(run, trial);
  return {
    model: run.model,
    prompt: turns ? textOfTurns(turns) : promptOfTrial(run, trial),
    ...(turns && { turns }),
    values: {},
    sampling: run.sampling,
    stop: run.stop,
    chat: modeOf(run.chatUse),
    thinking: run.thinks,
    origin: run.origin,
    title: nameOfTrial(run, trial, trans)
  };
}

/** A trial's name in the history. */
export function nameOfTrial(
  run: Pick<IRun, 'promptTokens'>,
  { spans, replacement }: ITrial,
  trans: TranslationBundle
): string {
  const cores = spans.map(span => coreOf(run, span));
  if (cores.length === 1) {
    const [one] = cores.map(core => shorten(core, NAME_LENGTH));
    return replacement === null
      ? trans.__('Without “%1”', one)
      : trans.__(
          '“%1” instead of “%2”',
          shorten(replacement, NAME_LENGTH),
          one
        );
  }
  const quoted = cores
    .slice(0, MAX_QUOTED)
    .map(core => trans.__('“%1”', shorten(core, SHORT_LENGTH)))
    .join(', ');
  return trans.__(
    'Without %1 parts: %2',
    cores.length,
    cores.length > MAX_QUOTED ? `${quoted}, …` : quoted
  );
}

/** A text in one line, in whole characters. */
function shorten(text: string, length: number): string {
  const words = text.trim().replace(/\s+/g, ' ');
  const characters = [...words];
  return characters.length > length
    ? `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`
    : words;
}
