/** A run as a notebook's output. */
import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { TokenSpan } from '../salience';
import { checkLook, checkTarget } from './checked';
import { MIME_TYPE } from './mime';
import { packRun, unpackRun } from './packed';
import type { IPackedRun } from './packed';
import { Reading } from './reading';
import type { ILook } from './reading';
import { staticHtml, staticText } from './static';

/** The content of such an output: a packed run, and how to show it first. */
interface IOutput extends IPackedRun {
  readonly look: ILook;
  readonly target: TokenSpan | null;
}

/** The output in all forms: for the extension, for sites, for terminals. */
export function makeOutput(
  reading: Reading,
  look: ILook,
  target: TokenSpan | null,
  trans: TranslationBundle
): IMimeBundle {
  const output: IOutput = { ...packRun(reading.record), look, target };
  return {
    // A copy of plain JSON, without undefined values and types.
    [MIME_TYPE]: JSON.parse(JSON.stringify(output)) as IMimeBundle[string],
    'text/html': staticHtml(reading, look, target, trans),
    'text/plain': staticText(reading, look, target, trans)
  };
}

/**
 * Read an output, which anybody may have changed.
 *
 * @throws UnreadableRun
 */
export function readOutput(data: unknown): {
  reading: Reading;
  look: ILook;
  target: TokenSpan | null;
} {
  const reading = new Reading(unpackRun(data));
  const { look, target } = data as { look?: unknown; target?: unknown };
  return {
    reading,
    look: checkLook(look),
    target: checkTarget(target)
  };
}
