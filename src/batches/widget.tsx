import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import React from 'react';

import { PanelContext } from '../components/context';
import type { IPanelContext } from '../components/context';
import type { BatchForm } from './form';
import { BatchesView } from './view';
import type { IBatchesView } from './view';

/** Batches, in a tab of the main area. */
export class BatchesWidget extends ReactWidget {
  /**
   * @param view - the widget disposes of its models.
   */
  constructor(view: IBatchesView, context: IPanelContext) {
    super();
    this._view = view;
    this._context = context;
    // The panel's own parts look alike here.
    this.addClass('lit-panel');
    this.addClass('lit-batches');
  }

  /** The form of its new batches. */
  get form(): BatchForm {
    return this._view.form;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._view.model.dispose();
      this._view.form.dispose();
      super.dispose();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._view.model.watch(true);
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._view.model.watch(this.isVisible);
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._view.model.watch(false);
  }

  protected onBeforeDetach(message: Message): void {
    this._view.model.watch(false);
    super.onBeforeDetach(message);
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this.node.querySelector<HTMLElement>('button')?.focus();
  }

  protected render(): JSX.Element {
    return (
      <PanelContext value={this._context}>
        <BatchesView {...this._view} />
      </PanelContext>
    );
  }

  private readonly _view: IBatchesView;
  private readonly _context: IPanelContext;
}
