import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { Model } from '../session/model';

/** What fills the panel. */
export const VIEWS = ['analysis', 'datasets', 'history', 'models'] as const;
export type View = (typeof VIEWS)[number];

/** What the drawer below the text shows. */
export const INSIGHTS = [
  'topSegments',
  'contrast',
  'faithfulness',
  'options'
] as const;
export type Insight = (typeof INSIGHTS)[number];

/**
 * The drawer's share of the height below the toolbar, in its bounds. At first it has room for five ranked rows of two lines in
 * a window of 1280 × 800 px, and leaves the text the answer's last lines: `ui-tests/looks/clicks.spec.ts` counts.
 */
const HEIGHT = 0.55;
const MIN_HEIGHT = 0.15;
const MAX_HEIGHT = 0.85;

/** Which of a panel's parts are shown, how high the drawer is, and how wide the side panel. */
export class PanelLayout extends Model {
  /** The view that fills the panel. */
  get view(): View {
    return this._view;
  }

  /** The drawer's tab. */
  get insight(): Insight {
    return this._insight;
  }

  /** Whether the user opened or closed the drawer; null: it opens with a target. */
  get isOpen(): boolean | null {
    return this._isOpen;
  }

  /** The drawer's share of the height. */
  get height(): number {
    return this._height;
  }

  /** The width that the side panel last had, in px; null: it was never open. */
  get width(): number | null {
    return this._width;
  }

  /** Whether a view was shown since the page was loaded, rather than restored. */
  get wasChosen(): boolean {
    return this._wasChosen;
  }

  /** Show a view. */
  show(view: View): void {
    const isFirst = !this._wasChosen;
    this._wasChosen = true;
    this._set(() => (this._view = view), isFirst);
  }

  /** Show a tab of the drawer, which opens. */
  explain(insight: Insight): void {
    this._set(() => {
      this._insight = insight;
      this._isOpen = true;
    });
  }

  /** Open or close the drawer. */
  toggle(isOpen: boolean): void {
    this._set(() => (this._isOpen = isOpen));
  }

  /** Set the drawer's share of the height; it stays within bounds. */
  resize(height: number): void {
    this._set(() => (this._height = within(height)));
  }

  /** Keep the side panel's width. */
  widen(width: number): void {
    this._set(() => (this._width = width));
  }

  /** Show what another panel shows: its view, and its drawer's tab. */
  follow({ view, insight }: PanelLayout): void {
    this._set(() => {
      this._view = view;
      this._insight = insight;
    });
  }

  /** What to store. */
  save(): ReadonlyPartialJSONObject {
    const { _view: view, _insight: insight, _isOpen: isOpen } = this;
    return { view, insight, isOpen, height: this._height, width: this._width };
  }

  /** Take what was stored, as far as it is valid. */
  restore(saved: unknown): void {
    if (typeof saved !== 'object' || saved === null) {
      return;
    }
    const { view, insight, isOpen, height, width } = saved as Record<
      string,
      unknown
    >;
    this._set(() => {
      this._view = VIEWS.find(one => one === view) ?? this._view;
      this._insight = INSIGHTS.find(one => one === insight) ?? this._insight;
      this._isOpen = typeof isOpen === 'boolean' ? isOpen : this._isOpen;
      if (typeof height === 'number' && Number.isFinite(height)) {
        this._height = within(height);
      }
      if (typeof width === 'number' && width > 0 && Number.isFinite(width)) {
        this._width = width;
      }
    });
  }

  private _set(change: () => void, isNews = false): void {
    const before = JSON.stringify(this.save());
    change();
    if (
      !this.isDisposed &&
      (isNews || JSON.stringify(this.save()) !== before)
    ) {
      this._changed.emit();
    }
  }

  private _wasChosen = false;
  private _view: View = 'analysis';
  private _insight: Insight = 'topSegments';
  private _isOpen: boolean | null = null;
  private _height = HEIGHT;
  private _width: number | null = null;
}

function within(height: number): number {
  return Math.min(Math.max(height, MIN_HEIGHT), MAX_HEIGHT);
}
