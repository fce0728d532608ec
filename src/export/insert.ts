/** Inserts a run into a notebook. */
import type { IMimeBundle } from '@jupyterlab/nbformat';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { IProblem } from '../session/problem';

/** Where an output was inserted, or why not. */
export type Insertion =
  | { readonly panel: NotebookPanel; readonly after: number }
  | { readonly problem: IProblem };

/**
 * Insert a code cell with an output below a cell. Nothing is executed, and one
 * undo removes it.
 *
 * @param link - of the prompt's cell, see `INotebookLink`. If that cell no longer
 *   exists, the output goes below the active cell of the current notebook.
 */
export async function insertOutput(
  tracker: INotebookTracker,
  link: ReadonlyPartialJSONObject | null,
  data: IMimeBundle,
  trans: TranslationBundle
): Promise<Insertion> {
  const linked = link && tracker.find(item => item.context.path === link.path);
  const panel = linked ?? tracker.currentWidget;
  const model = panel?.content.model ?? null;
  if (!panel || !model) {
    return {
      problem: {
        message: trans.__('No notebook is open.'),
        hint: trans.__(
          'Open the notebook that it should go into and choose a cell; or save the run as an HTML page.'
        ),
        remedies: []
      }
    };
  }
  await panel.context.ready;
  if (model.readOnly || panel.context.contentsModel?.writable === false) {
    return {
      problem: {
        message: trans.__('%1 can only be read.', panel.context.path),
        hint: trans.__(
          'Save a copy of the notebook and insert it there; or save the run as an HTML page.'
        ),
        remedies: []
      }
    };
  }
  const cells = [...model.cells];
  const home = linked ? cells.findIndex(({ id }) => id === link!.cellId) : -1;
  const after = home >= 0 ? home : panel.content.activeCellIndex;
  const shared = model.sharedModel;
  shared.transact(() => {
    shared.insertCell(after + 1, {
      cell_type: 'code',
      source: '',
      execution_count: null,
      metadata: {
        trusted: true,
        // The cell has no code to see or run.
        jupyter: { source_hidden: true },
        tags: ['skip-execution']
      },
      outputs: [{ output_type: 'display_data', data, metadata: {} }]
    });
  });
  panel.content.activeCellIndex = after + 1;
  await panel.content.scrollToItem(after + 1);
  return { panel, after };
}
