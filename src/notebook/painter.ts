import type { Cell } from '@jupyterlab/cells';
import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import type { INotebookTracker } from '@jupyterlab/notebook';

import { asShown, toEditor } from './breaks';
import { paint } from './overlay';
import type { IShadedRange } from './overlay';
import { ShownPainter } from './shown/painter';
import type { IShownPainting } from './shown/painter';

/** What is painted over a cell. */
export interface IPainting {
  /** The cell's source that the ranges belong to and are counted in. */
  readonly source: string;
  readonly ranges: readonly IShadedRange[];
  /** What is painted over what it shows beside its source; null: nothing. */
  readonly shown: IShownPainting | null;
}

/**
 * Paints one cell in all views of its notebook. A cell off screen is painted
 * once it gets an editor.
 */
export class CellPainter {
  constructor(tracker: INotebookTracker) {
    this._tracker = tracker;
  }

  /** Paint a cell; a null painting clears it. */
  paint(path: string, cellId: string, painting: IPainting | null): void {
    this._painting = painting;
    const shown = new Map<Cell, ShownPainter>();
    this._tracker.forEach(panel => {
      if (panel.context.path !== path) {
        return;
      }
      for (const cell of panel.content.widgets) {
        if (cell.model.id === cellId) {
          this._paintCell(cell);
          if (painting?.shown) {
            const painter = this._shown.get(cell) ?? new ShownPainter(cell);
            painter.paint(painting.shown);
            shown.set(cell, painter);
          }
        }
      }
    });
    for (const [cell, painter] of this._shown) {
      if (!shown.has(cell)) {
        painter.dispose();
      }
    }
    this._shown = shown;
  }

  private _paintCell(cell: Cell): void {
    const painting = this._painting;
    const editor = cell.editor;
    if (editor instanceof CodeMirrorEditor) {
      const view = editor.editor;
      if (painting === null) {
        paint(view, []);
      } else if (view.state.doc.toString() === asShown(painting.source)) {
        // Else an edit is on its way that will paint again, or clear.
        const at = toEditor(painting.source);
        paint(
          view,
          painting.ranges.map(range => ({
            ...range,
            span: [at(range.span[0]), at(range.span[1])]
          }))
        );
      }
    } else if (painting !== null && !this._waiting.has(cell)) {
      this._waiting.add(cell);
      cell.ready.then(
        () => {
          this._waiting.delete(cell);
          if (!cell.isDisposed && cell.editor !== null) {
            this._paintCell(cell);
          }
        },
        () => {
          // The cell was disposed of before it came on screen.
          this._waiting.delete(cell);
        }
      );
    }
  }

  private readonly _tracker: INotebookTracker;
  private readonly _waiting = new WeakSet<Cell>();
  /** The views' cells whose contents are shaded. */
  private _shown: ReadonlyMap<Cell, ShownPainter> = new Map();
  private _painting: IPainting | null = null;
}
