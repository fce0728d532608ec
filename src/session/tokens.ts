import { Token } from '@lumino/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { RunRecord } from '../api';
import type { TokenSpan } from '../salience';
import type { ISettings } from './settings';
import type { IPromptSource } from './source';

/** A run that is shown. */
export interface IShownRun {
  /** Id of its job, and of the run in the history. */
  readonly id: string | null;
  /** The whole run, with all scores computed so far. */
  record(): RunRecord;
  /** The target, or null. */
  readonly target: TokenSpan | null;
  /** The current place of its prompt, if known; see `IPromptSource.link`. */
  readonly link: ReadonlyPartialJSONObject | null;
}

/** The analysis in progress, as other plugins see it. */
export interface ISession {
  /**
   * Open a prompt: it becomes the panel's prompt, and the panel opens. The session
   * then owns the source and disposes of it.
   *
   * Nothing is lost: the user can go back to a prompt that they edited.
   */
  open(source: IPromptSource): void;

  /**
   * Report that a prompt is being fetched or chosen, to open it then.
   *
   * @returns a function that says whether it is still wanted: no prompt was opened
   *   since, and no other claim was made.
   */
  claim(): () => boolean;

  /** The link of a prompt that lost its source to a reload; else null. */
  readonly lostLink: ReadonlyPartialJSONObject | null;

  /**
   * Give the prompt the source back that `lostLink` led to. If its text has changed,
   * the session disposes of it and forgets the link.
   */
  relink(source: IPromptSource): void;

  /** The shown run; null until it has ended. */
  readonly shown: IShownRun | null;

  /** The user's settings. */
  readonly settings: ISettings;

  /** Emitted when any part of the analysis may have changed. */
  readonly changed: ISignal<ISession, void>;
}

export const ISession = new Token<ISession>(
  'lit-lab:ISession',
  'The prompt analysis under way.'
);
