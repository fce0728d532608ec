import { ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { PanelContext } from '../components/context';
import type { IPanelContext } from '../components/context';
import type { MatrixModel } from './model';
import { MatrixView } from './view';

/** The matrix of an answer. */
export class MatrixWidget extends ReactWidget {
  /**
   * @param model - the widget disposes of it.
   * @param onRestart - restarts the model service.
   */
  constructor(
    model: MatrixModel,
    context: IPanelContext,
    onRestart: () => void
  ) {
    super();
    this._model = model;
    this._context = context;
    this._onRestart = onRestart;
    this.addClass('lit-matrix');
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._model.dispose();
      super.dispose();
    }
  }

  protected render(): JSX.Element {
    return (
      <PanelContext value={this._context}>
        <MatrixView model={this._model} onRestart={this._onRestart} />
      </PanelContext>
    );
  }

  private readonly _model: MatrixModel;
  private readonly _context: IPanelContext;
  private readonly _onRestart: () => void;
}
