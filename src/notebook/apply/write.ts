/** Writing edits into a cell, where others may write, too. */
import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IEdit } from '../../session/mapped';

/** Why nothing can be written into a cell, in words; or null. */
export function whyLocked(
  notebook: INotebookModel,
  cell: ICellModel,
  trans: TranslationBundle
): string | null {
  if (notebook.readOnly) {
    return trans.__('The notebook is read-only.');
  }
  return cell.getMetadata('editable') === false
    ? trans.__(
        'The cell is read-only: its metadata say that it isn’t editable.'
      )
    : null;
}

/**
 * Why a cell's editor would not follow edits, in words; or null. It takes each
 * line break for one unit, and finds wrong places behind those that are two.
 */
export function whyNotFollowed(
  source: string,
  edits: readonly IEdit[],
  trans: TranslationBundle
): string | null {
  const until = Math.max(0, ...edits.map(({ to }) => to));
  return source.slice(0, until).includes('\r\n') ||
    edits.some(({ insert }) => insert.includes('\r'))
    ? trans.__(
        'The cell’s lines end with two characters (\\r\\n), which the notebook’s editor miscounts. Save the notebook with \\n as its line breaks first.'
      )
    : null;
}

/**
 * Make edits, given in order and apart, as one step to undo. Only what they
 * change is replaced, so that the cursors of others stay where they are.
 */
export function writeEdits(cell: ICellModel, edits: readonly IEdit[]): void {
  const { sharedModel } = cell;
  // Keeps earlier and later typing separate steps.
  const { undoManager } = sharedModel as {
    readonly undoManager?: { stopCapturing(): void } | null;
  };
  undoManager?.stopCapturing();
  sharedModel.transact(() => {
    for (const { from, to, insert } of [...edits].reverse()) {
      sharedModel.updateSource(from, to, insert);
    }
  });
  undoManager?.stopCapturing();
}
