/** A notebook model's text, as the finder reads it. */
import { isCodeCellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';

import type { INotebookText } from './strings/finder';

/**
 * Read a notebook's cells and its language. A notebook that has never had a
 * kernel doesn't name its language; Python is by far the most probable one, and
 * other sources rarely parse to strings by accident.
 */
export function readNotebook(model: INotebookModel): INotebookText {
  const cells = Array.from(model.cells, cell => ({
    type: cell.type,
    source: cell.sharedModel.getSource(),
    count: isCodeCellModel(cell) ? cell.executionCount : null
  }));
  const info: unknown = model.getMetadata('language_info');
  const kernel: unknown = model.getMetadata('kernelspec');
  return { cells, language: languageOf(info, kernel) };
}

/**
 * A notebook's language, from its `language_info` and its `kernelspec`.
 *
 * One whose name the editor doesn't know is Python where its highlighting or its
 * media type says so.
 */
export function languageOf(info: unknown, kernel: unknown): string {
  const mode =
    stringOf(info, 'codemirror_mode') ??
    stringOf(
      (info as { codemirror_mode?: unknown } | null)?.codemirror_mode,
      'name'
    );
  const looks = [mode, stringOf(info, 'mimetype')].some(word =>
    /^(text\/(x-)?)?i?python\d*$/i.test(word ?? '')
  );
  return looks
    ? 'python'
    : (stringOf(info, 'name') ?? stringOf(kernel, 'language') ?? 'python');
}

/** The index of the cell of that id; -1 when there is none. */
export function cellIndex(model: INotebookModel, id: string): number {
  for (let index = 0; index < model.cells.length; index++) {
    if (model.cells.get(index).id === id) {
      return index;
    }
  }
  return -1;
}

/** The index of the only cell with a source; -1 when none or several have it. */
export function onlyCell(model: INotebookModel, source: string): number {
  const sources = Array.from(model.cells, cell => cell.sharedModel.getSource());
  const index = sources.indexOf(source);
  return source !== '' && index === sources.lastIndexOf(source) ? index : -1;
}

function stringOf(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null || !(key in value)) {
    return null;
  }
  const found = (value as Record<string, unknown>)[key];
  return typeof found === 'string' && found !== '' ? found : null;
}
