/** What specs of drawn parts share. */
import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import { PanelContext } from './context';
import type { IPanelContext } from './context';

/** What the panel gives to its parts, where none of it matters. */
export const CONTEXT: IPanelContext = {
  trans: nullTranslator.load('lit_lab'),
  showLog: () => undefined,
  openMenu: () => undefined
};

/** A place in the page where parts are drawn as in the panel. */
export class Stage {
  constructor() {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    document.body.append(this.host);
  }

  readonly host = document.createElement('div');

  draw(part: JSX.Element): void {
    act(() =>
      this._root.render(<PanelContext value={CONTEXT}>{part}</PanelContext>)
    );
  }

  dispose(): void {
    act(() => this._root.unmount());
    this.host.remove();
  }

  private readonly _root = createRoot(this.host);
}
