/** Where a cell shows a text beside its source. */
import type { ITextRun } from '../../session/source';
import type { Origin } from '../origin';

/** Where: rendered, in an output, or somewhere in what it shows. */
export type ShownPlace =
  | { readonly what: 'markdown' }
  | { readonly what: 'output'; readonly index: number }
  | { readonly what: 'part' };

/** A place, and the text that is shown there. */
export interface IShownPlace {
  readonly place: ShownPlace;
  readonly text: string;
}

/** Where a cell of a type shows the text of an origin; null: in its source alone. */
export function placeOf(
  origin: Origin,
  cellType: string | undefined
): ShownPlace | null {
  switch (origin.what) {
    case 'output':
      return { what: 'output', index: origin.index };
    case 'shown':
      return { what: 'part' };
    default:
      return cellType === 'markdown' ? { what: 'markdown' } : null;
  }
}

/** The map of a text that is its own source. */
export function asItIs(text: string): ITextRun[] {
  return [{ value: [0, text.length], source: [0, text.length] }];
}
