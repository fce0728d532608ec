/**
 * A link to a prompt's place in a notebook, which survives a reload of the
 * page.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Origin } from './origin';

/** A place in a notebook, to be kept. */
export interface INotebookLink {
  /** Path of the notebook. */
  readonly path: string;
  readonly cellId: string;
  readonly origin: Origin;
  /** The cell's source: cells of older notebooks get a new id each time. */
  readonly source: string;
}

/** Longest source that is kept, in UTF-16 units: the state's store is small. */
const MAX_UNITS = 100_000;

/** A link as it is kept; null for a cell too large for that. */
export function keepLink(
  link: INotebookLink
): ReadonlyPartialJSONObject | null {
  return link.source.length > MAX_UNITS
    ? null
    : (JSON.parse(JSON.stringify(link)) as ReadonlyPartialJSONObject);
}
