import { Token } from '@lumino/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { RunRecord } from '../api';
import type { TokenSpan } from '../salience';
import type { ISettings } from './settings';
import type { IPromptSource } from './source';

/** A run that is shown. */
export interface IShownRun {
  /** Id of its job, and in the history. */
  readonly id: string | null;
  /** All of it, with the scores that there are by now. */
  record(): RunRecord;
  /** What is being explained, or null. */
  readonly target: TokenSpan | null;
  /** Where its prompt stands now, if it does; see `IPromptSource.link`. */
  readonly link: ReadonlyPartialJSONObject | null;
}

/** The analysis under way, as other plugins see it. */
export interface ISession {
  /**
   * Take a prompt up: it becomes the panel's prompt, and the panel opens. The
   * session owns the source from then on and disposes of it.
   *
   * Nothing is lost: a prompt that the user edited by hand is kept to go back to.
   */
  open(source: IPromptSource): void;

  /**
   * Say that a prompt is being fetched or chosen, to be opened then.
   *
   * @returns tells whether it is still the one that is wanted: nothing was taken
   *   up since, and no other claim was made.
   */
  claim(): () => boolean;

  /** The link of a prompt that lost its source to a reload; else null. */
  readonly lostLink: ReadonlyPartialJSONObject | null;

  /**
   * Give the prompt the source back that `lostLink` led to. One whose text is
   * another by now is disposed of, and the link with it.
   */
  relink(source: IPromptSource): void;

  /** The run that is shown, as it is shown; null before it has ended. */
  readonly shown: IShownRun | null;

  /** What the user chose. */
  readonly settings: ISettings;

  /** Emitted when anything of the analysis may have changed. */
  readonly changed: ISignal<ISession, void>;
}

export const ISession = new Token<ISession>(
  'lit-lab:ISession',
  'The prompt analysis under way.'
);
