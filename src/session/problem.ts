import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { ErrorBody, Limits } from '../api';
import { charactersOf, isLonger } from './length';

/** What a user can do about a problem, in addition to its hint. */
export type Remedy = 'retry' | 'restart' | 'log' | 'reload' | 'models' | 'open';

/** A problem, shown in place. */
export interface IProblem {
  readonly message: string;
  readonly hint: string;
  readonly remedies: readonly Remedy[];
}

/** The problem of a failed request or job. */
export function problemOf(reason: unknown, trans: TranslationBundle): IProblem {
  if (reason instanceof ApiError) {
    return describe({
      error: reason.error,
      message: reason.message,
      hint: reason.hint
    });
  }
  return {
    message: reason instanceof Error ? reason.message : String(reason),
    hint: trans.__('Try again. The browser’s console may say more.'),
    remedies: ['retry']
  };
}

/** The problem that the server or a job's last event reports. */
export function describe({ error, message, hint }: ErrorBody): IProblem {
  return { message, hint, remedies: remediesOf(error) };
}

/** The problem of a prompt that can be found without a request; or null. */
export function checkPrompt(
  prompt: string,
  limits: Limits | null,
  trans: TranslationBundle
): IProblem | null {
  if (prompt === '') {
    return {
      message: trans.__('There is no prompt yet.'),
      hint: trans.__('Type one, or pick a sample below.'),
      remedies: []
    };
  }
  if (/\p{Surrogate}/u.test(prompt)) {
    return {
      message: trans.__('The prompt contains half of a character.'),
      hint: trans.__(
        'A lone surrogate, such as "\\ud83d" without its other half, stands for no character. Write the whole character.'
      ),
      remedies: []
    };
  }
  // The server counts characters, some of which are two UTF-16 units.
  const max = limits?.max_prompt_chars ?? Infinity;
  if (isLonger(prompt, max)) {
    return {
      message: trans.__(
        'The prompt has %1 characters; the limit is %2.',
        charactersOf(prompt),
        max
      ),
      hint: trans.__(
        'Shorten it, or ask your administrator to raise c.LitLab.max_prompt_chars.'
      ),
      remedies: []
    };
  }
  return null;
}

/** Codes of problems that a retry can't solve. */
const LASTING =
  /too_long|too_large|damaged|invalid|validation|lone_surrogate|not_found|forbidden|unsupported|version/;

/** Codes of problems that the model manager explains and helps to solve. */
const OF_MODELS =
  /^(preset_|pickled_|archive_|download_|disk_full|no_room|bad_path)/;

/** The remedies for a problem with this code. */
export function remediesOf(code: string): Remedy[] {
  if (code === 'version_mismatch') {
    return ['reload'];
  }
  if (OF_MODELS.test(code)) {
    return ['models'];
  }
  if (code === 'forbidden' || LASTING.test(code)) {
    return [];
  }
  return code.startsWith('service') || code.startsWith('model')
    ? ['retry', 'restart', 'log']
    : ['retry'];
}
