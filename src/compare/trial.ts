/** A run without a part of its prompt. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Turn } from '../api';
import type { TokenSpan } from '../salience';
import { textOfTurns } from '../session/conversation';
import { textOf } from '../session/runText';
import { modeOf } from '../session/run';
import type { IRun, IRunRequest } from '../session/run';

/** The most characters of the removed text in a name. */
const NAME_LENGTH = 60;

/**
 * A prompt without some of its tokens.
 *
 * Of the gaps before and after them, the one with more line breaks stays, so that
 * paragraphs stay apart. At the prompt's end, its own end stays: trailing blanks
 * would make it another prompt.
 */
export function promptWithout(
  run: Pick<IRun, 'promptTokens'>,
  [start, end]: TokenSpan
): string {
  const { promptTokens: tokens } = run;
  const before = textOf(tokens, [0, start]);
  const taken = textOf(tokens, [start, end]);
  const after = textOf(tokens, [end, tokens.length]);
  const [head, tail] = [before.trimEnd(), after.trimStart()];
  const gapBefore =
    before.slice(head.length) +
    taken.slice(0, taken.length - taken.trimStart().length);
  const gapBehind =
    taken.slice(taken.trimEnd().length) +
    after.slice(0, after.length - tail.length);
  const keepsFirst =
    tail !== '' &&
    (head === '' || countBreaks(gapBefore) > countBreaks(gapBehind));
  return head + (keepsFirst ? gapBefore : gapBehind) + tail;
}

function countBreaks(text: string): number {
  return text.split(/\r\n|[\n\r\u2028\u2029]/).length - 1;
}

/** A conversation without some of one turn's tokens; a turn of which nothing is left is left out. */
export function turnsWithout(
  run: IRun,
  [start, end]: TokenSpan
): readonly Turn[] | undefined {
  return run.turns?.flatMap((turn, index) => {
    const [from, to] = run.turnSpans[index] ?? [0, 0];
    if (start < from || end > to) {
      return turn;
    }
    const tokens = run.promptTokens.slice(from, to);
    const text = promptWithout({ promptTokens: tokens }, [
      start - from,
      end - from
    ]);
    return text.trim() === '' ? [] : { ...turn, text };
  });
}

/** What a run without some of its prompt's tokens is to be asked. */
export function trialOf(
  run: IRun,
  span: TokenSpan,
  trans: TranslationBundle
): IRunRequest {
  const turns = turnsWithout(run, span);
  return {
    model: run.model,
    prompt: turns ? textOfTurns(turns) : promptWithout(run, span),
    ...(turns && { turns }),
    values: {},
    sampling: run.sampling,
    stop: run.stop,
    chat: modeOf(run.chatUse),
    thinking: run.thinks,
    origin: run.origin,
    title: nameOfTrial(textOf(run.promptTokens, span), trans)
  };
}

/** A trial's name in the history. */
export function nameOfTrial(taken: string, trans: TranslationBundle): string {
  const words = taken.trim().replace(/\s+/g, ' ');
  const characters = [...words];
  const shown =
    characters.length > NAME_LENGTH
      ? `${characters
          .slice(0, NAME_LENGTH - 1)
          .join('')
          .trimEnd()}…`
      : words;
  return trans.__('Without “%1”', shown);
}
