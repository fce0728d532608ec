/** Applying an edit to a cell that is open, or saying why it isn't done. */
import type { ICellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IProblem, Remedy } from '../../session/problem';
import type { IPromptEdit, ISuggestion } from '../../session/source';
import type { Origin } from '../origin';
import type { StringFinder } from '../strings/finder';
import type { IFoundText } from '../strings/types';
import { cellIndex, readNotebook } from '../text';
import { planEdits } from './apply';
import { whyLocked, whyNotFollowed, writeEdits } from './write';

/** A text of a cell, as it was read last. */
export interface IOpenText {
  readonly finder: StringFinder;
  readonly trans: TranslationBundle;
  /** Null: the notebook is closed. */
  readonly model: INotebookModel | null;
  /** Null: the cell is gone. */
  readonly cell: ICellModel | null;
  readonly origin: Origin;
  /** Null: the text is gone. */
  readonly text: IFoundText | null;
  readonly suggestions: Readonly<Record<string, ISuggestion>>;
  /** Called once the edit is written, with the text's place then. */
  readonly onWritten: (origin: Origin) => Promise<void>;
}

/** Write an edit into its cell; returns why it isn't written, or null. */
export async function applyEdit(
  { from, ...wanted }: IPromptEdit,
  place: IOpenText
): Promise<IProblem | null> {
  const { model, cell, text, origin, suggestions, finder, trans } = place;
  const refused = (hint: string, remedies: Remedy[] = []): IProblem => ({
    message: trans.__('The edit was not applied to the cell.'),
    hint,
    remedies
  });
  const closed = refused(trans.__('Its notebook is closed.'), ['open']);
  if (model === null) {
    return closed;
  }
  const index = cell === null ? -1 : cellIndex(model, cell.id);
  if (cell === null || text === null || index === -1) {
    return refused(trans.__('The text is no longer in the notebook.'));
  }
  const changed = trans.__(
    'The cell has changed since you began to edit. Choose “Use the original text”, and edit what the cell says now; “Back to the text you edited” brings yours back.'
  );
  if (text.value !== from) {
    return refused(changed);
  }
  const locked = whyLocked(model, cell, trans);
  if (locked !== null) {
    return refused(locked);
  }
  const notebook = readNotebook(model);
  const { source } = notebook.cells[index];
  const plan = await planEdits(
    { notebook, index, origin, text },
    wanted,
    suggestions,
    { finder, trans }
  );
  if ('reason' in plan) {
    return refused(plan.reason);
  }
  if (model.isDisposed) {
    return closed;
  }
  if (cell.sharedModel.getSource() !== source) {
    return refused(changed);
  }
  const stuck =
    cellIndex(model, cell.id) === -1
      ? trans.__('The text is no longer in the notebook.')
      : (whyLocked(model, cell, trans) ??
        whyNotFollowed(source, plan.edits, trans));
  if (stuck !== null) {
    return refused(stuck);
  }
  writeEdits(cell, plan.edits);
  await place.onWritten(plan.origin);
  return null;
}
