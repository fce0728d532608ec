import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import React from 'react';

import { activityOf } from '../session/activity';
import type { Activity } from '../session/activity';
import type { Session } from '../session/session';

/** Shows in the status bar what the model is doing for the session. A click opens the panel. */
export class ActivityItem extends ReactWidget {
  constructor(session: Session, trans: TranslationBundle, onOpen: () => void) {
    super();
    this.addClass('lit-activity');
    this._session = session;
    this._trans = trans;
    this._onOpen = onOpen;
    session.changed.connect(this._onSession, this);
  }

  /** The current activity; null if there is none, which hides the item. */
  get activity(): Activity | null {
    return this._activity;
  }

  /** Emitted when the activity changes, which is less often than the session's changes. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  protected render(): JSX.Element | null {
    const trans = this._trans;
    if (this._activity === null) {
      return null;
    }
    const text = {
      waiting: trans.__('Model: waiting…'),
      answering: trans.__('Model: answering…'),
      explaining: trans.__('Model: explaining…')
    }[this._activity];
    return (
      <button
        type="button"
        className="lit-activity-open"
        title={trans.__('Open the panel that explains prompts')}
        onClick={this._onOpen}
      >
        {text}
      </button>
    );
  }

  private _onSession(): void {
    const activity = activityOf(this._session);
    if (activity !== this._activity && !this.isDisposed) {
      this._activity = activity;
      this.update();
      this._changed.emit();
    }
  }

  private readonly _session: Session;
  private readonly _trans: TranslationBundle;
  private readonly _onOpen: () => void;
  private readonly _changed = new Signal<this, void>(this);
  private _activity: Activity | null = null;
}
