/** Scrolls a notebook to a text. */
import type { Cell } from '@jupyterlab/cells';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { EditorView } from '@codemirror/view';

import type { Span } from '../session/source';
import { toEditor } from './breaks';
import type { Origin } from './origin';
import { shownRange } from './shown/painter';
import type { IShownPlace } from './shown/place';
import { cellIndex } from './text';

/** Go to a cell: it becomes the active one. */
export async function goTo(
  panel: NotebookPanel,
  cellId: string,
  origin: Origin
): Promise<void> {
  const cell = cellOf(panel, cellId);
  if (cell === null) {
    return;
  }
  const notebook = panel.content;
  notebook.activeCellIndex = notebook.widgets.indexOf(cell);
  notebook.deselectAll();
  await notebook.scrollToCell(cell, 'center');
  const editor = cell.editor;
  if (editor && 'span' in origin) {
    const at = toEditor(cell.model.sharedModel.getSource());
    editor.revealPosition(editor.getPositionAt(at(origin.span[0]))!);
  }
}

/**
 * Scroll a cell's stretch into view. Neither the focus nor the active cell changes.
 *
 * @param place - the cell, and its source that the stretch is counted in.
 * @param at - the stretch in the cell's source; null: it isn't there.
 * @param shown - the stretch in what the cell shows; null: it isn't there.
 */
export async function scrollTo(
  panel: NotebookPanel,
  place: { readonly cellId: string; readonly source: string },
  at: Span | null,
  shown: (IShownPlace & { readonly span: Span | null }) | null
): Promise<void> {
  const cell = cellOf(panel, place.cellId);
  if (cell === null) {
    return;
  }
  const notebook = panel.content;
  try {
    await notebook.scrollToItem(notebook.widgets.indexOf(cell), 'smart');
  } catch {
    return; // Another place is wanted by now.
  }
  if (cell.isDisposed) {
    return;
  }
  const range = shown?.span ? shownRange(cell, shown, shown.span) : null;
  if (range !== null) {
    reveal(range);
  } else if (at !== null && cell.editor instanceof CodeMirrorEditor) {
    const view = cell.editor.editor;
    const offset = Math.min(
      toEditor(place.source)(at[0]),
      view.state.doc.length
    );
    view.dispatch({
      effects: EditorView.scrollIntoView(offset, { y: 'nearest', yMargin: 40 })
    });
  }
}

function cellOf(panel: NotebookPanel, cellId: string): Cell | null {
  const model = panel.content.model;
  const index = model === null ? -1 : cellIndex(model, cellId);
  return index === -1 || panel.isDisposed ? null : panel.content.widgets[index];
}

/** Scroll what scrolls around a range, as little as it takes. */
function reveal(range: Range): void {
  let around = range.startContainer.parentElement;
  for (; around !== null; around = around.parentElement) {
    const isScroller =
      around.scrollHeight > around.clientHeight &&
      /auto|scroll/.test(getComputedStyle(around).overflowY);
    if (isScroller) {
      const { top, bottom } = range.getBoundingClientRect();
      const frame = around.getBoundingClientRect();
      if (top < frame.top || bottom > frame.bottom) {
        // Its middle goes to the middle.
        around.scrollTop += (top + bottom) / 2 - (frame.top + frame.bottom) / 2;
      }
    }
  }
}
