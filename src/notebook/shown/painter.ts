/** Shades what a cell shows: its rendered Markdown, or an output. */
import type { Cell } from '@jupyterlab/cells';
import { CodeCell } from '@jupyterlab/cells';
import type { IDisposable } from '@lumino/disposable';

import type { Span } from '../../session/source';
import type { IShadedRange } from '../overlay';
import { align } from './align';
import { makeMarker, rangeOf } from './marks';
import type { IShownPlace, ShownPlace } from './place';
import type { IPortion, IShownText } from './text';
import { portionsOf, shownText } from './text';

/** A text that a cell shows, and its shades. */
export interface IShownPainting extends IShownPlace {
  /** In units of the text. */
  readonly ranges: readonly IShadedRange[];
}

/**
 * Shades what one cell shows, and shades it again when that is rendered anew. Dispose
 * of it to remove the shades.
 */
export class ShownPainter implements IDisposable {
  constructor(cell: Cell) {
    this._cell = cell;
    this._observer = new MutationObserver(records => {
      if (records.some(({ target }) => !isInEditor(target))) {
        cancelAnimationFrame(this._frame);
        this._frame = requestAnimationFrame(() => this._repaint());
      }
    });
    this._observer.observe(cell.node, {
      childList: true,
      characterData: true,
      subtree: true
    });
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Shade. */
  paint(painting: IShownPainting): void {
    this._painting = painting;
    this._repaint();
  }

  dispose(): void {
    this._isDisposed = true;
    cancelAnimationFrame(this._frame);
    this._observer.disconnect();
    this._marker.draw([]);
  }

  private _repaint(): void {
    const painting = this._painting;
    if (this._isDisposed || painting === null) {
      return;
    }
    this._marker.draw([]);
    const ranges = painting.ranges.filter(({ weight }) => weight !== 0);
    const shown = shownText(rootsOf(this._cell, painting.place));
    const places =
      shown === null
        ? []
        : placesOf(
            painting,
            shown,
            ranges.map(r => r.span)
          );
    this._marker.draw(
      ranges.flatMap((range, i) =>
        places[i] ? [{ range, portions: portionsOf(shown!, places[i]) }] : []
      )
    );
    // What it drew itself is no news.
    this._observer.takeRecords();
  }

  private readonly _cell: Cell;
  private readonly _observer: MutationObserver;
  private readonly _marker = makeMarker();
  private _painting: IShownPainting | null = null;
  private _frame = 0;
  private _isDisposed = false;
}

/** The range of the document that shows a span of a text first; null where it isn't known. */
export function shownRange(
  cell: Cell,
  painting: IShownPlace,
  span: Span
): Range | null {
  const shown = shownText(rootsOf(cell, painting.place));
  const place = shown && placesOf(painting, shown, [span])[0];
  const portions: IPortion[] = place ? portionsOf(shown, place) : [];
  return portions.length > 0 ? rangeOf(portions[0]) : null;
}

function placesOf(
  { text, place }: IShownPlace,
  shown: IShownText,
  spans: readonly Span[]
): (Span | null)[] {
  const isRepr =
    place.what === 'output' && REPR.test(shown.text) && !REPR.test(text);
  return align(
    text,
    isRepr ? withoutEscapes(shown.text) : shown.text,
    spans,
    place.what === 'part'
  );
}

/** A string as `repr` writes it. */
const REPR = /^\s*(["'])[^]*\1\s*$/;

/** Blanks in place of escapes, or of their backslashes: what is left stands where it did. */
function withoutEscapes(repr: string): string {
  return repr.replace(
    /\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|([^]))/g,
    (escape, sign?: string) =>
      ' '.repeat(escape.length - (sign?.length ?? 0)) + (sign ?? '')
  );
}

/** The elements in which a cell shows a text. */
function rootsOf(cell: Cell, place: ShownPlace): Element[] {
  const all = (selector: string, node: Element = cell.node) => [
    ...node.querySelectorAll(selector)
  ];
  switch (place.what) {
    case 'markdown':
      return all('.jp-MarkdownOutput').slice(0, 1);
    case 'output': {
      const output =
        cell instanceof CodeCell ? cell.outputArea.widgets[place.index] : null;
      return output
        ? all('.jp-OutputArea-output', output.node).slice(0, 1)
        : [];
    }
    case 'part':
      return cell instanceof CodeCell
        ? cell.outputArea.widgets.flatMap(({ node }) =>
            all('.jp-OutputArea-output', node).slice(0, 1)
          )
        : all('.jp-MarkdownOutput').slice(0, 1);
  }
}

function isInEditor(node: Node): boolean {
  const element = node instanceof Element ? node : node.parentElement;
  return Boolean(element?.closest('.cm-editor'));
}
