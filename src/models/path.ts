import type { TranslationBundle } from '@jupyterlab/translation';

import type { IProblem } from '../session/problem';

/** The longest name and path of a model, in characters. */
export const MAX_NAME = 200;
export const MAX_PATH = 4096;

/** Sites that have addresses of their own, and what those are like. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['hf', 'hf://owner/model'],
  ['kaggle', 'kaggle://owner/model/keras/variation']
]);

/** The input when the user adds a model: its path, and perhaps its name. */
export interface IWritten {
  /** Empty: the user wrote none, and none can be suggested. */
  readonly name: string;
  readonly path: string;
}

/**
 * Parse the input, which may be `name:path`, as in LIT; an address contains a colon,
 * too.
 */
export function read(written: string): IWritten {
  const text = written.trim();
  const both = /^([^:/]+):(?!\/\/)(.*)$/s.exec(text);
  return both
    ? { name: both[1].trim().slice(0, MAX_NAME), path: both[2].trim() }
    : { name: proposal(text), path: text };
}

/** A name from a path: its last part that isn't a version; without a revision. */
export function proposal(path: string): string {
  const parts = path
    .trim()
    .replace(/^(hf:[^@]*)@[^/]*/is, '$1')
    .replace(/(-\d{5}-of-\d{5})?\.gguf$/i, '')
    .replace(/\.(tar\.gz|tgz|tar)$/i, '')
    .split('/')
    .filter(
      part => part !== '' && !/^(\d+|\.+|~)$/.test(part) && !part.endsWith(':')
    );
  return (parts[parts.length - 1] ?? '').slice(0, MAX_NAME);
}

/**
 * What is missing before the model can be added, or null.
 *
 * The server checks addresses, and says which part is missing; this checks only
 * what every request needs.
 */
export function missing(
  { name, path }: IWritten,
  trans: TranslationBundle
): IProblem | null {
  const form = SCHEMES.get(name.toLowerCase());
  if (form && (path === '' || (path.includes('/') && !path.includes('://')))) {
    return {
      message: trans.__('An address begins with “%1://”.', name.toLowerCase()),
      hint: trans.__(
        'Write %1. Or give the model another name than “%2”.',
        form,
        name
      ),
      remedies: []
    };
  }
  if (path === '') {
    return {
      message: trans.__('There is no path after “%1:”.', name),
      hint: trans.__(
        'Write a path after the colon, such as %1:gemma2_instruct_2b_en.',
        name
      ),
      remedies: []
    };
  }
  if (name === '' && !path.includes('://')) {
    return {
      message: trans.__('“%1” gives no name to the model.', path),
      hint: trans.__('Write the preset’s folder, or a name of your own below.'),
      remedies: []
    };
  }
  return null;
}
