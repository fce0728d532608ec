/** The shades of a notebook's text: in its editor, and in what the cell shows. */
import type { CellType } from '@jupyterlab/nbformat';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { sourceSpans } from '../session/mapped';
import type { IMapped } from '../session/mapped';
import type { IPromptText, IShade, Span } from '../session/source';
import { fill } from '../session/template';
import type { Origin } from './origin';
import { shadedRanges } from './overlay';
import { CellPainter } from './painter';
import { scrollTo } from './scroll';
import { asItIs, placeOf } from './shown/place';
import type { IShownPlace } from './shown/place';

/** A text, and where it is now. */
export interface IPlacedText {
  /** Path of the notebook. */
  readonly document: string;
  readonly cellId: string;
  /** Undefined if the cell is gone. */
  readonly cellType: CellType | undefined;
  /** The cell's source that the text was found in. */
  readonly source: string;
  readonly origin: Origin;
  readonly text: IPromptText | null;
}

/** A prompt, and the values of the fields that gave it. */
interface IFilled {
  readonly prompt: string;
  readonly values: Readonly<Record<string, string>>;
}

/** Shades one text, only while it still gives the prompt that the shades belong to. */
export class TextShades {
  /** @param where - says where the text is. */
  constructor(tracker: INotebookTracker, where: () => IPlacedText) {
    this._painter = new CellPainter(tracker);
    this._where = where;
  }

  /** Show these from now on; null: none. */
  set(shown: (IFilled & { readonly shades: readonly IShade[] }) | null): void {
    this._shown = shown;
    if (shown === null || document.hidden) {
      this.repaint();
    } else {
      // An editor takes as long for thousands of shades as the panel does for
      // all else: the panel's frame doesn't wait for it.
      cancelAnimationFrame(this._frame);
      this._frame = requestAnimationFrame(() => {
        setTimeout(() => this.repaint(), 0);
      });
    }
  }

  /** Remove them for good. */
  clear(): void {
    const { document: path, cellId } = this._where();
    this._isCleared = true;
    this._painter.paint(path, cellId, null);
  }

  /** Paint again: the text, or its place, may be another. */
  repaint(): void {
    if (this._isCleared) {
      return;
    }
    const at = this._where();
    const wanted = this._shown;
    const filled = wanted && filledIn(at, wanted);
    if (filled === null) {
      this._painter.paint(at.document, at.cellId, null);
      return;
    }
    const ranges = shadedRanges(wanted!.shades, filled.map, at.source);
    const shown = shownText(at, filled.value);
    this._painter.paint(at.document, at.cellId, {
      source: at.source,
      ranges,
      shown: shown && {
        ...shown,
        ranges:
          shown.place.what === 'markdown'
            ? ranges
            : shadedRanges(wanted!.shades, asItIs(filled.value), filled.value)
      }
    });
  }

  /** Scroll a view to a span of a prompt, if the text still gives it. */
  async show(panel: NotebookPanel, wanted: IFilled, span: Span): Promise<void> {
    const at = this._where();
    const filled = filledIn(at, wanted);
    if (filled === null) {
      return;
    }
    const stretch = sourceSpans(filled.map, span)[0] ?? null;
    const shown = shownText(at, filled.value);
    await scrollTo(
      panel,
      at,
      stretch,
      shown && {
        ...shown,
        span: shown.place.what === 'markdown' ? stretch : span
      }
    );
  }

  private readonly _painter: CellPainter;
  private readonly _where: () => IPlacedText;
  private _shown: (IFilled & { readonly shades: readonly IShade[] }) | null =
    null;
  private _frame = 0;
  private _isCleared = false;
}

/** A text filled in; null if it doesn't give the prompt. */
function filledIn(
  { text }: IPlacedText,
  { prompt, values }: IFilled
): IMapped | null {
  const filled = text && fill(text, values);
  return filled?.value === prompt ? filled : null;
}

/** What a cell shows of a prompt beside its source; null: nothing. */
function shownText(
  { origin, cellType, source }: IPlacedText,
  prompt: string
): IShownPlace | null {
  const place = placeOf(origin, cellType);
  return place && { place, text: place.what === 'markdown' ? source : prompt };
}
