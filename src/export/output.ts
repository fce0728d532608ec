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

/** What such an output holds: a packed run, and how it is shown first. */
interface IOutput extends IPackedRun {
  readonly look: ILook;
  readonly target: TokenSpan | null;
}

/** An output, for all that can show it: the extension, a site, a terminal. */
export function makeOutput(
  reading: Reading,
  look: ILook,
  target: TokenSpan | null,
  trans: TranslationBundle
): IMimeBundle {
  const output: IOutput = { ...packRun(reading.record), look, target };
  return {
    // A copy of plain JSON: without what is undefined, and without our types.
    [MIME_TYPE]: JSON.parse(JSON.stringify(output)) as IMimeBundle[string],
    'text/html': staticHtml(reading, look, target, trans),
    'text/plain': staticText(reading, look, target, trans)
  };
}

/**
 * Read an output that may have been changed by anybody.
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
