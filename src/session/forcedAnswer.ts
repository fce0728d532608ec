/** A text to be explained in place of an answer: "what would make it say this?" */

import { UNSPACED } from '../salience/boundaries';
import { Model } from './model';

/** What is kept of it over a reload. */
export interface ISavedForcedAnswer {
  readonly text: string;
  readonly isOpen: boolean;
  readonly hasBlank: boolean;
}

/** The text as it is being written. */
export class ForcedAnswerModel extends Model {
  /** What was typed. */
  get text(): string {
    return this._state.text;
  }

  set text(text: string) {
    this._set({ text });
  }

  /** Whether the place to type it is open. */
  get isOpen(): boolean {
    return this._state.isOpen;
  }

  set isOpen(isOpen: boolean) {
    this._set({ isOpen });
  }

  /** Whether a blank is put before it where prompt and text would run together. */
  get hasBlank(): boolean {
    return this._state.hasBlank;
  }

  set hasBlank(hasBlank: boolean) {
    this._set({ hasBlank });
  }

  /**
   * A text as the model is to find it behind a prompt.
   *
   * @param isTurn - Whether it begins a turn of its own: nothing runs together
   *   then.
   */
  behind(prompt: string, text: string, isTurn = false): string {
    return !isTurn && this.hasBlank && runTogether(prompt, text)
      ? ` ${text}`
      : text;
  }

  /** What to keep over a reload. */
  save(): ISavedForcedAnswer {
    return this._state;
  }

  /** Take what was kept, if anything was. */
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
 * Whether a word of the text would stand right behind the prompt's end, as in
 * `Analysis:This`. Models were taught that a word begins with its blank: without
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
