import { Token } from '@lumino/coreutils';

import type { IPromptSource } from './source';

/** The analysis under way, as other plugins see it. */
export interface ISession {
  /**
   * Take a prompt up: it becomes the panel's prompt, and the panel opens. The
   * session owns the source from then on and disposes of it.
   *
   * Nothing is lost: a prompt that the user edited by hand is kept to go back to.
   */
  open(source: IPromptSource, options?: { run?: boolean }): void;
}

export const ISession = new Token<ISession>(
  'lit-lab:ISession',
  'The prompt analysis under way.'
);
