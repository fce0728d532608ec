/* A run in a notebook's output, drawn by the reader. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { MIME_TYPE } from './mime';

/** Draws outputs that hold a run. */
export class RunRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('lit-output');
    // Keys are for what is in it, not for the notebook around it.
    this.node.dataset.lmSuppressShortcuts = 'true';
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // Loaded with the first output that needs it.
    const [{ readOutput }, { Reader }] = await Promise.all([
      import('./output'),
      import('./reader')
    ]);
    if (this.isDisposed) {
      return;
    }
    this._root ??= createRoot(this.node);
    try {
      const { reading, look, target } = readOutput(model.data[MIME_TYPE]);
      this._root.render(
        <Reader
          readings={[reading]}
          look={look}
          targets={[target]}
          trans={this._trans}
        />
      );
    } catch (reason) {
      this._root.render(
        <p role="alert" className="lit-hint">
          {this._trans.__('This run can’t be shown.')}{' '}
          {reason instanceof Error ? reason.message : ''}{' '}
          {this._trans.__(
            'Insert it again, or update LIT Lab if it was made by a later version.'
          )}
        </p>
      );
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      // React must not be unmounted while it draws.
      const root = this._root;
      queueMicrotask(() => root?.unmount());
      super.dispose();
    }
  }

  private _root: Root | null = null;
}

/** Made for each output of the type; safe, for it makes no HTML of any text. */
export function rendererFactory(
  trans: TranslationBundle
): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [MIME_TYPE],
    defaultRank: 40,
    createRenderer: () => new RunRenderer(trans)
  };
}
