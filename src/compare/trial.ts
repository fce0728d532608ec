/** A run with a part of its prompt taken away. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { TokenSpan } from '../salience';
import { textOf } from '../session/map';
import type { IRun, IRunRequest } from '../session/run';

/** Most characters of what was taken away that a name tells. */
const NAME_LENGTH = 60;

/**
 * A prompt without some of its tokens.
 *
 * Blanks and line breaks behind a segment belong to it and go with it. At the
 * prompt's end those before it go instead: a prompt that suddenly ends with
 * blanks is another question.
 */
export function promptWithout(run: IRun, [start, end]: TokenSpan): string {
  const { promptTokens: tokens } = run;
  const before = textOf(tokens, [0, start]);
  const after = textOf(tokens, [end, tokens.length]);
  if (after.trim() !== '') {
    return before + after;
  }
  const taken = textOf(tokens, [start, end]);
  return before.trimEnd() + taken.slice(taken.trimEnd().length) + after;
}

/** What a run without some of its prompt's tokens is to be asked. */
export function trialOf(
  run: IRun,
  span: TokenSpan,
  trans: TranslationBundle
): IRunRequest {
  return {
    model: run.model,
    prompt: promptWithout(run, span),
    values: {},
    sampling: run.sampling,
    origin: run.origin,
    title: nameOfTrial(textOf(run.promptTokens, span), trans)
  };
}

/** What a trial is called in the history. */
export function nameOfTrial(taken: string, trans: TranslationBundle): string {
  const words = taken.trim().replace(/\s+/g, ' ');
  const characters = [...words];
  const told =
    characters.length > NAME_LENGTH
      ? `${characters
          .slice(0, NAME_LENGTH - 1)
          .join('')
          .trimEnd()}…`
      : words;
  return trans.__('Without “%1”', told);
}
