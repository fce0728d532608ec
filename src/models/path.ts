import type { TranslationBundle } from '@jupyterlab/translation';

import type { IProblem } from '../session/problem';

/** Longest name and path of a model, in characters. */
export const MAX_NAME = 200;
export const MAX_PATH = 4096;

/** What is written where a model is added: its path, and perhaps its name. */
export interface IWritten {
  /** Empty: none is written, and none can be proposed. */
  readonly name: string;
  readonly path: string;
}

/**
 * Read what is written, which may be `name:path` as LIT writes models; an
 * address has a colon of its own.
 */
export function read(written: string): IWritten {
  const text = written.trim();
  const both = /^([^:/]+):(?!\/\/)(.*)$/s.exec(text);
  return both
    ? { name: both[1].trim().slice(0, MAX_NAME), path: both[2].trim() }
    : { name: proposal(text), path: text };
}

/** A name for what lies at a path: its last part, which isn't a version; without a revision. */
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
 * What is missing before a model can be added, or null.
 *
 * What an address holds is the server's to judge, which says which part of it
 * is missing; this is about what no request can be made of.
 */
export function missing(
  { name, path }: IWritten,
  trans: TranslationBundle
): IProblem | null {
  if (path === '') {
    return {
      message: trans.__('There is no path after “%1:”.', name),
      hint: trans.__(
        'Write what is to be loaded behind the colon, such as %1:gemma2_instruct_2b_en.',
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
