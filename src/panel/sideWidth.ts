import type { Widget } from '@lumino/widgets';

import { widenSide } from '../components/sidearea';
import type { PanelLayout } from './layout';

/** The minimum width in px at which names, choices and rows are readable. */
const WIDTH = 420;

/** The width in px of a panel that opens for the first time. */
export function firstWidth(page: number): number {
  return Math.min(WIDTH, Math.floor(page / 3));
}

/**
 * Widens the side panel when it opens. JupyterLab opens a side area as narrow as its widgets allow, and forgets the width
 * of an area that is closed when the page is left. This class restores the last width, or uses a default. It doesn't
 * change a width that JupyterLab restored with its layout.
 */
export class SideWidth {
  /**
   * @param restored - settles when JupyterLab's layout is restored.
   * @param stored - settles when the panel's own layout is restored, after that.
   * @param widen - gives the panel a width, if it is narrower.
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

  /** Report that the panel has a size. */
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
