import { Token } from '@lumino/coreutils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { IPromptSource } from './source';

/** The analysis under way, as other plugins see it. */
export interface ISession {
  /**
   * Take a prompt up: it becomes the panel's prompt, and the panel opens. The
   * session owns the source from then on and disposes of it.
   *
   * Nothing is lost: a prompt that the user edited by hand is kept to go back to.
   */
  open(source: IPromptSource): void;

  /** The link of a prompt that lost its source to a reload; else null. */
  readonly lostLink: ReadonlyPartialJSONObject | null;

  /**
   * Give the prompt the source back that `lostLink` led to. One whose text is
   * another by now is disposed of, and the link with it.
   */
  relink(source: IPromptSource): void;

  /** Emitted when anything of the analysis may have changed. */
  readonly changed: ISignal<ISession, void>;
}

export const ISession = new Token<ISession>(
  'lit-lab:ISession',
  'The prompt analysis under way.'
);
