import { ReactWidget } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Panel } from '@lumino/widgets';
import React from 'react';

import { PanelContext } from '../components/context';
import type { IPanelContext } from '../components/context';
import { LitBridge } from './bridge';
import { LitFrame } from './frame';
import type { LitAppModel } from './model';
import { LitAppView } from './view';

/** How long LIT's page may take to report, after the browser has loaded it; in milliseconds. */
const PATIENCE = 5_000;

/** LIT's own app, in a frame that can reach only its bridge. */
export class LitAppWidget extends Panel {
  constructor(options: LitAppWidget.IOptions) {
    super();
    const { model, page, context } = options;
    this.model = model;
    this.addClass('lit-app');
    const notice = ReactWidget.create(
      <PanelContext value={context}>
        <LitAppView model={model} trans={context.trans} />
      </PanelContext>
    );
    notice.addClass('lit-app-notice');
    this._frame = new LitFrame({
      page,
      title: context.trans.__('LIT'),
      onLoad: this._onLoad,
      onLeft: this._onLeft
    });
    this._bridge = new LitBridge(this._frame, model);
    this._frame.hide();
    this.addWidget(notice);
    this.addWidget(this._frame);
    model.changed.connect(this._onChange, this);
  }

  readonly model: LitAppModel;

  dispose(): void {
    if (!this.isDisposed) {
      window.clearTimeout(this._timer);
      this._bridge.dispose();
      this.model.dispose();
      super.dispose();
    }
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._resume();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this._frame.isUsed) {
      // The browser reloads a frame that moves in the page.
      this._bridge.expect();
    }
    if (this.isVisible) {
      this._resume();
    }
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const part = this._frame.isVisible
      ? this._frame
      : this.node.querySelector<HTMLElement>('button');
    part?.focus();
  }

  /** A tab restored with the layout waits until it is visible. */
  private _resume(): void {
    if (!this._isResumed) {
      this._isResumed = true;
      if (this.model.phase === 'asleep') {
        void this.model.resume();
      }
    }
  }

  private _onChange(): void {
    const { phase, isShown } = this.model;
    const wasReady = this._isReady;
    this._isReady = phase === 'ready';
    if (this._isReady && !wasReady && !(isShown && this._bridge.isOpen)) {
      this._load();
    }
    // During a problem LIT stays visible, if it was.
    this._frame.setHidden(!(this._isReady || isShown));
    this.node.dataset.phase = phase;
  }

  private _load(): void {
    this._bridge.expect();
    this._frame.load();
  }

  private readonly _onLoad = () => {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => {
      if (!this._bridge.isOpen) {
        this.model.miss();
      }
    }, PATIENCE);
  };

  private readonly _onLeft = () => {
    window.clearTimeout(this._timer);
    this._bridge.close();
    this.model.leave();
  };

  private readonly _frame: LitFrame;
  private readonly _bridge: LitBridge;
  private _timer = 0;
  private _isReady = false;
  private _isResumed = false;
}

/** Namespace for the widget's options. */
export namespace LitAppWidget {
  /** What it shows. */
  export interface IOptions {
    model: LitAppModel;
    /** Address of the page that LIT runs in. */
    page: string;
    context: IPanelContext;
  }
}
