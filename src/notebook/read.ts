import { isCodeCellModel } from '@jupyterlab/cells';
import type { ICellModel } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';

import { findAgain, stringOrigin } from './origin';
import type { Origin } from './origin';
import { outputText } from './outputs';
import { whole } from './strings/finder';
import type { INotebookText, StringFinder } from './strings/finder';
import type { IFoundText } from './strings/types';

/** What reading needs. */
export interface IReadOptions {
  readonly finder: StringFinder;
  readonly trans: TranslationBundle;
}

/** Whether the result is still needed. */
type IsWanted = () => boolean;

/** A text, null when it is gone, and where it was found. */
export interface IReadText {
  readonly text: IFoundText | null;
  readonly origin: Origin;
}

/** Read the text at an origin in cell `index` of a notebook. */
export async function readText(
  origin: Origin,
  cell: ICellModel,
  notebook: INotebookText,
  index: number,
  options: IReadOptions,
  isWanted: IsWanted = () => true
): Promise<IReadText> {
  const { finder } = options;
  switch (origin.what) {
    case 'string': {
      if (cell.type !== 'code') {
        // Its type was changed: the whole cell is another text.
        return { text: null, origin };
      }
      const found = await finder.find(notebook, index, isWanted);
      const again = findAgain(origin, found);
      return again === null
        ? { text: null, origin }
        : { text: found[again], origin: stringOrigin(found, again) };
    }
    case 'selection': {
      const [from, to] = origin.span;
      const { source } = notebook.cells[index];
      const text = from < to ? whole('selection', source, from, to) : null;
      return { text, origin };
    }
    case 'cell': {
      if (cell.type === 'code') {
        return { text: null, origin };
      }
      const [text] = await finder.find(notebook, index, isWanted);
      return { text: text ?? null, origin };
    }
    case 'output': {
      const text = await readOutput(cell, origin.index, options);
      return { text: text === null ? null : unplaced('output', text), origin };
    }
    case 'shown':
      return { text: unplaced('selection', origin.text), origin };
  }
}

async function readOutput(
  cell: ICellModel,
  index: number,
  { finder, trans }: IReadOptions
): Promise<string | null> {
  if (!isCodeCellModel(cell) || index >= cell.outputs.length) {
    return null;
  }
  const python = await finder.parser('python');
  // Outputs may be cleared while the parser loads.
  return index < cell.outputs.length
    ? outputText(cell.outputs.get(index).toJSON(), python, trans)
    : null;
}

/** A text with no place in an editor. */
function unplaced(kind: 'output' | 'selection', text: string): IFoundText {
  return { ...whole(kind, text, 0, text.length), map: [] };
}
