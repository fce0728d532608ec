/** The forced answer that the user writes: "what would make the model say this?" */

import { UNSPACED } from '../salience/boundaries';
import { Model } from './model';

/** What is stored of it over a reload. */
export interface ISavedForcedAnswer {
  readonly text: string;
  readonly isOpen: boolean;
  readonly hasBlank: boolean;
}

/** The text, as the user types it. */
export class ForcedAnswerModel extends Model {
  /** The typed text. */
  get text(): string {
    return this._state.text;
  }

  set text(text: string) {
    this._set({ text });
  }

  /** Whether its field is open. */
  get isOpen(): boolean {
    return this._state.isOpen;
  }

  set isOpen(isOpen: boolean) {
    this._set({ isOpen });
  }

  /** Whether it gets a leading blank if prompt and text would join to one word. */
  get hasBlank(): boolean {
    return this._state.hasBlank;
  }

  set hasBlank(hasBlank: boolean) {
    this._set({ hasBlank });
  }

  /**
   * The text as the model gets it after a prompt.
   *
   * @param isTurn - whether it begins its own turn, so that nothing can join.
   */
  behind(prompt: string, text: string, isTurn = false): string {
    return !isTurn && this.hasBlank && runTogether(prompt, text)
      ? ` ${text}`
      : text;
  }

  /** What to store over a reload. */
  save(): ISavedForcedAnswer {
    return this._state;
  }

  /** Restore what was stored, if anything. */
  restore(saved: ISavedForcedAnswer | undefined): void {
    if (saved) {
      this._set(saved);
    }
  }

  private _set(change: Partial<ISavedForcedAnswer>): void {
    this._state = { ...this._state, ...change };
    this._changed.emit();
  }

  private _state: ISavedForcedAnswer = {
    text: '',
    isOpen: false,
    hasBlank: true
  };
}

/**
 * Whether a word of the text would follow the prompt's end directly, as in
 * `Analysis:This`. In the training texts a word begins with its blank: without
 * it the text is far less likely than it should be.
 */
export function runTogether(prompt: string, text: string): boolean {
  const last = prompt.slice(-2).match(/\S$/u)?.[0];
  const first = /^["'“‘(]*[\p{L}\p{N}]/u.exec(text)?.[0];
  return (
    last !== undefined &&
    first !== undefined &&
    !UNSPACED.test(last) &&
    !UNSPACED.test(first) &&
    !/["'“‘(/]$/.test(last)
  );
}
