/** Texts that a cell shows as its outputs. */
import type { IOutput } from '@jupyterlab/nbformat';
import { isDisplayData, isExecuteResult, isStream } from '@jupyterlab/nbformat';
import type { Parser } from '@lezer/common';
import type { TranslationBundle } from '@jupyterlab/translation';

import { findPythonStrings } from './strings/python';

/** Colours and cursor movements of terminals. */
// eslint-disable-next-line no-control-regex
const ANSI = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/**
 * The text of an output; null when it has none.
 *
 * A stream is taken without the newline that `print` ends with, and a string's
 * representation as the string, when there is Python's parser to read it.
 */
export function outputText(
  output: IOutput,
  python: Parser | null,
  trans: TranslationBundle
): string | null {
  if (isStream(output)) {
    const text = joined(output.text).replace(ANSI, '').replace(/\n$/, '');
    return text === '' ? null : text;
  }
  if (!isDisplayData(output) && !isExecuteResult(output)) {
    return null;
  }
  const plain = output.data['text/plain'];
  if (typeof plain !== 'string' && !Array.isArray(plain)) {
    return null;
  }
  const text = joined(plain);
  if (text === '') {
    return null;
  }
  if (isExecuteResult(output) && python !== null && isOneString(text)) {
    // repr() writes no \N{…}, so that no name has to be looked up.
    const context = { trans, lookup: () => null };
    const [found] = findPythonStrings(text, python, context);
    const isWhole =
      found !== undefined &&
      found.kind === 'string' &&
      found.span[0] === 0 &&
      found.span[1] === text.length &&
      found.problem === undefined;
    return isWhole ? found.value : text;
  }
  return text;
}

function joined(text: string | readonly string[]): string {
  return typeof text === 'string' ? text : text.join('');
}

/**
 * Whether a text is quoted as one string, as `repr` does it: anything else that
 * begins with a quote may take the parser long.
 */
function isOneString(text: string): boolean {
  const quote = text[0];
  if ((quote !== '"' && quote !== "'") || text.length < 2) {
    return false;
  }
  let at = 1;
  while (at < text.length && text[at] !== quote && text[at] !== '\n') {
    at += text[at] === '\\' ? 2 : 1;
  }
  return at === text.length - 1 && text[at] === quote;
}
