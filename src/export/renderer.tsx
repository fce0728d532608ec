/* A run in a notebook's output, shown by the reader. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { MIME_TYPE } from './mime';

/** Renders outputs with a run. */
export class RunRenderer extends Widget implements IRenderMime.IRenderer {
  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('lit-output');
    // Keys belong to the output, not to the notebook around it.
    this.node.dataset.lmSuppressShortcuts = 'true';
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    // Loads with the first output that needs it.
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
        // A new key: what failed before may succeed with other data.
        <Guard key={this._count++} trans={this._trans}>
          <Reader
            readings={[reading]}
            look={look}
            targets={[target]}
            trans={this._trans}
          />
        </Guard>
      );
    } catch (reason) {
      this._root.render(<Unreadable reason={reason} trans={this._trans} />);
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      // React must not be unmounted while it renders.
      const root = this._root;
      queueMicrotask(() => root?.unmount());
      super.dispose();
    }
  }

  private _root: Root | null = null;
  private _count = 0;
}

/** Why there is nothing to see. */
function Unreadable(props: {
  reason: unknown;
  trans: TranslationBundle;
}): JSX.Element {
  const { reason, trans } = props;
  return (
    <p role="alert" className="lit-hint">
      {trans.__('This run can’t be shown.')}{' '}
      {reason instanceof Error ? reason.message : ''}{' '}
      {trans.__(
        'Insert it again, or update LIT Lab if it was made by a later version.'
      )}
    </p>
  );
}

/** Says so if rendering fails: React would leave a blank. */
class Guard extends React.Component<
  { trans: TranslationBundle; children: React.ReactNode },
  { reason: unknown }
> {
  state: { reason: unknown } = { reason: null };

  static getDerivedStateFromError(reason: unknown): { reason: unknown } {
    return { reason: reason ?? new Error() };
  }

  render(): React.ReactNode {
    return this.state.reason === null ? (
      this.props.children
    ) : (
      <Unreadable reason={this.state.reason} trans={this.props.trans} />
    );
  }
}

/** Creates the renderer of each output; safe, because it makes no HTML from any text. */
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
