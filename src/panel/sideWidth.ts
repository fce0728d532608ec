import type { Widget } from '@lumino/widgets';

import { widenSide } from '../components/sidearea';
import type { PanelLayout } from './layout';

/** The width at which names, choices and rows can be read, in px. */
const WIDTH = 420;

/** The width with which the panel opens where it never had another. */
export function firstWidth(page: number): number {
  return Math.min(WIDTH, Math.floor(page / 3));
}

/**
 * JupyterLab opens a side area as narrow as its widgets allow, and forgets the width of one that is closed as the page is
 * left. This opens the panel wide enough, or as wide as the user last had it; but it leaves a width that came back with
 * JupyterLab's layout.
 */
export class SideWidth {
  /**
   * @param restored - settles when JupyterLab's layout is restored.
   * @param stored - settles when the panel's own layout is restored, after that.
   * @param widen - gives the panel a width, if it has less.
   */
  constructor(
    panel: Widget,
    layout: PanelLayout,
    restored: Promise<void>,
    stored: Promise<unknown>,
    widen: typeof widenSide = widenSide
  ) {
    this._panel = panel;
    this._layout = layout;
    this._widen = widen;
    void restored.then(() => {
      this._isOpened ||= panel.isVisible;
    });
    void stored.then(() => {
      this._isReady = true;
      this.resized();
    });
  }

  /** The panel has a size. */
  resized(): void {
    const width = this._panel.node.offsetWidth;
    if (!this._isReady || !this._panel.isVisible || width === 0) {
      return;
    }
    if (this._isOpened) {
      this._layout.widen(width);
      return;
    }
    this._isOpened = true;
    const wanted = this._layout.width ?? firstWidth(window.innerWidth);
    // The shell is still laying out its areas.
    requestAnimationFrame(() => {
      if (this._panel.isVisible) {
        this._widen(this._panel, wanted);
      }
    });
  }

  private readonly _panel: Widget;
  private readonly _layout: PanelLayout;
  private readonly _widen: typeof widenSide;
  private _isReady = false;
  private _isOpened = false;
}
