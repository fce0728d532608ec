import type { Cell } from '@jupyterlab/cells';
import { CodeCell } from '@jupyterlab/cells';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';

import type { Span } from '../session/source';
import { toSource } from './breaks';

/** Where in a notebook the user asks for an analysis. */
export interface IPlaceAsked {
  readonly panel: NotebookPanel;
  readonly cell: Cell;
  /** Offset in the cell's source; null when it isn't in the source. */
  readonly offset: number | null;
  /** The output it is in; null when it is in none. */
  readonly output: number | null;
  /** A selected stretch of the source. */
  readonly selection: Span | null;
  /** A text selected in what the cell shows: outputs, rendered markdown. */
  readonly selected: string | null;
}

/** The place of the keyboard: the active cell, and its cursor in edit mode. */
export function placeOfCursor(tracker: INotebookTracker): IPlaceAsked | null {
  const panel = tracker.currentWidget;
  const cell = panel?.content.activeCell;
  if (!panel || !cell) {
    return null;
  }
  const view = viewOf(cell);
  const isEditing = panel.content.mode === 'edit' && view !== null;
  return {
    panel,
    cell,
    offset: isEditing
      ? sourceOffset(cell, view.state.selection.main.head)
      : null,
    output: null,
    selection: selectionOf(cell),
    selected: selectedIn(cell)
  };
}

/**
 * Remembers where the context menu was opened, since its commands run after
 * pointer and focus have moved on.
 */
export class PointerMemory implements IDisposable {
  constructor(tracker: INotebookTracker, target: Document = document) {
    this._tracker = tracker;
    this._target = target;
    target.addEventListener('pointerdown', this, true);
    target.addEventListener('contextmenu', this, true);
  }

  /** Where the context menu was opened last; null: in no cell that is left. */
  get place(): IPlaceAsked | null {
    const place = this._place;
    return place === null || place.cell.isDisposed ? null : place;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._place = null;
    this._target.removeEventListener('pointerdown', this, true);
    this._target.removeEventListener('contextmenu', this, true);
  }

  /** Handle DOM events; called by the browser alone. */
  handleEvent(event: Event): void {
    const at = event instanceof MouseEvent ? this._cellAt(event) : null;
    if (event.type === 'pointerdown') {
      // Some systems select the word under a right click. The user didn't mean
      // that: a selection counts only if it was there before. A left click
      // opens no menu, so what it selects is meant.
      this._before =
        at === null || isLeftClick(event)
          ? null
          : { selection: selectionOf(at.cell), selected: selectedIn(at.cell) };
      return;
    }
    if (at === null) {
      this._place = null;
      return;
    }
    const { panel, cell, node, x, y } = at;
    const selection = selectionOf(cell);
    const selected = selectedIn(cell);
    const before = this._before ?? { selection, selected };
    const view = viewOf(cell);
    this._place = {
      panel,
      cell,
      offset: view?.contentDOM.contains(node)
        ? sourceOffset(cell, view.posAtCoords({ x, y }, false))
        : null,
      output: outputAt(cell, node),
      selection:
        before.selection?.join() === selection?.join() ? selection : null,
      selected: before.selected === selected ? selected : null
    };
    this._before = null;
  }

  private _cellAt(event: MouseEvent): {
    panel: NotebookPanel;
    cell: Cell;
    node: Node;
    x: number;
    y: number;
  } | null {
    const node = event.target;
    if (!(node instanceof Node)) {
      return null;
    }
    const panel = this._tracker.find(item => item.node.contains(node));
    const cell = panel?.content.widgets.find(item => item.node.contains(node));
    return panel && cell
      ? { panel, cell, node, x: event.clientX, y: event.clientY }
      : null;
  }

  private readonly _tracker: INotebookTracker;
  private readonly _target: Document;
  private _place: IPlaceAsked | null = null;
  private _before: Pick<IPlaceAsked, 'selection' | 'selected'> | null = null;
  private _isDisposed = false;
}

function isLeftClick(event: Partial<PointerEvent>): boolean {
  return (
    event.pointerType === 'mouse' && event.button === 0 && !event.ctrlKey // macOS opens the menu for it
  );
}

function viewOf(cell: Cell): CodeMirrorEditor['editor'] | null {
  return cell.editor instanceof CodeMirrorEditor ? cell.editor.editor : null;
}

/** The selected stretch of a cell's source; null when it is empty. */
function selectionOf(cell: Cell): Span | null {
  const selection = viewOf(cell)?.state.selection.main;
  return selection && !selection.empty
    ? [sourceOffset(cell, selection.from), sourceOffset(cell, selection.to)]
    : null;
}

/** The offset in a cell's source for one in its editor. */
function sourceOffset(cell: Cell, offset: number): number {
  return toSource(cell.model.sharedModel.getSource())(offset);
}

/** What is selected in a cell outside of its editor; null when nothing is. */
function selectedIn(cell: Cell): string | null {
  const selection = window.getSelection();
  const node = selection?.anchorNode ?? null;
  const isShown =
    node !== null &&
    cell.node.contains(node) &&
    !viewOf(cell)?.dom.contains(node);
  const text = isShown ? (selection?.toString() ?? '') : '';
  return text.trim() === '' ? null : text;
}

/** The index of the output that holds a node. */
function outputAt(cell: Cell, node: Node): number | null {
  if (!(cell instanceof CodeCell)) {
    return null;
  }
  const index = cell.outputArea.widgets.findIndex(widget =>
    widget.node.contains(node)
  );
  return index === -1 ? null : index;
}
