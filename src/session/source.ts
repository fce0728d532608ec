/**
 * Where a prompt comes from: the interface between the session, which analyses a
 * prompt, and the notebook or the dataset browser, which found it.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { Role, Turn } from '../api';
import type { IProblem } from './problem';

/** Half-open span `[start, end)` in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** A span of a value, and the span of the source that it came from. */
export interface ITextRun {
  readonly value: Span;
  readonly source: Span;
}

/** A field of a template, to be filled in. */
export interface IField {
  /** Its name for the user; equal names are the same field. */
  readonly name: string;
  /** The text between the braces. */
  readonly expression: string;
  /** Its span in the template's value. */
  readonly value: Span;
}

/** A marker that code replaces by a field's value, wherever it stands in the text. */
export interface IMarker {
  /** The field's name. */
  readonly name: string;
  readonly marker: string;
  /** Present if it is no field, but a text that is always replaced by this one. */
  readonly value?: string;
  /** How often at most; left out: everywhere. */
  readonly count?: number;
}

/** A turn of a conversation, and where its text stands in the prompt's value. */
export interface ITurnSpan {
  readonly role: Role;
  readonly value: Span;
}

/** What kind of text a prompt was found as. */
export type TextKind =
  | 'string'
  | 'f-string'
  | 'template'
  | 'composed'
  | 'conversation'
  | 'markdown'
  | 'raw'
  | 'selection'
  | 'output'
  | 'dataset'
  | 'history';

/**
 * A text as it was found. `value` contains each field as the source writes it,
 * braces included, until it is filled in.
 */
export interface IPromptText {
  readonly kind: TextKind;
  /** The value that the language would have at run time. */
  readonly value: string;
  /** In order; empty if the text has no place in an editor. */
  readonly map: readonly ITextRun[];
  readonly fields: readonly IField[];
  /**
   * The turns of a conversation, in order and apart, as `joinTurns` places them;
   * left out: it is a text. Fields lie within turns.
   */
  readonly turns?: readonly ITurnSpan[];
  /**
   * Present if code fills the fields in one after the other, in this order: what is
   * put in for one may hold the marker of another.
   */
  readonly markers?: readonly IMarker[];
  /** Why `value` may differ from the value at run time. */
  readonly problem?: string;
  /**
   * The template before `steps`, which Python applies after filling it in; present
   * if the text has both. `value`, `map` and `fields` are those after the steps.
   */
  readonly before?: {
    readonly value: string;
    readonly map: readonly ITextRun[];
    readonly fields: readonly IField[];
    readonly steps: readonly TextStep[];
  };
}

/** What code does to a literal, if that can be known without running it. */
export type TextStep =
  | {
      readonly name: 'strip' | 'lstrip' | 'rstrip';
      /** Characters to remove; undefined: blanks. */
      readonly chars?: string;
    }
  | { readonly name: 'dedent' | 'cleandoc' };

/** A value for a field, and where it was found. */
export interface ISuggestion {
  /** Null where it isn't known. */
  readonly value: string | null;
  /** Where the value was found; or why none is known. */
  readonly from: string;
  /** The values that it may be, where there are several. */
  readonly choices?: readonly IChoice[];
}

/** A value that a field may have, and where it was found, in words. */
export interface IChoice {
  readonly value: string;
  readonly from: string;
}

/** A kernel's answer about a text's fields. */
export interface IKernelAnswer {
  /**
   * Values by the fields' names; null with the reason for those that it gives none.
   * Fields that weren't requested are left out.
   */
  readonly values: Readonly<Record<string, ISuggestion>>;
  /** Why it gave no answer; empty if it did. */
  readonly problem: string;
}

/** A span of the prompt to shade. */
export interface IShade {
  /** In UTF-16 units of the filled-in prompt. */
  readonly span: Span;
  /** Strength of colour, -1 to 1; negative only for signed methods. */
  readonly weight: number;
  /** From 1, the strongest. */
  readonly rank: number;
  /** Score, share and rank, for the tooltip. */
  readonly label: string;
}

/** A prompt as the user edited it. */
export interface IPromptEdit {
  /** The value of the source's text that the user began with. */
  readonly from: string;
  /** The values of its fields, by name. */
  readonly values: Readonly<Record<string, string>>;
  /** The edited prompt, with these values in it. */
  readonly prompt: string;
  /** The same as a conversation; null: it is a text. */
  readonly turns: readonly Turn[] | null;
}

/** To the one before, or the one after. */
export type Step = -1 | 1;

/** A place that a prompt came from. */
export interface IPromptSource extends IDisposable {
  /** Path of the notebook, or name of the dataset. */
  readonly document: string;
  /** Its place in the document, outermost first, such as `cell 2`, `f-string`. */
  readonly place: readonly string[];
  /** The source's current text; null when it is gone. */
  readonly text: IPromptText | null;
  /** The answer that the source expects, such as a dataset's target; absent or null: none. */
  readonly target?: string | null;
  /** Values found for the fields, by their names. */
  readonly suggestions: Readonly<Record<string, ISuggestion>>;
  /** Finds the place again after a reload; null if nothing does. */
  readonly link: ReadonlyPartialJSONObject | null;
  /** Emitted when `text`, `place` or `suggestions` may have changed. */
  readonly changed: ISignal<IPromptSource, void>;
  /** Settles when `text` contains the latest edit. */
  settled(): Promise<void>;
  /** Ask the running kernel for the fields' values; left out where none can be. */
  askKernel?(): Promise<IKernelAnswer>;
  /** Go there. */
  reveal(): void;
  /**
   * Choose the prompt before or after this one, where it is one of a list; left out: it
   * isn't.
   *
   * @returns why none was chosen, in words; null: one was.
   */
  step?(by: Step): Promise<string | null>;
  /**
   * Scroll its document to a span of `prompt`, if that is in view and its text, filled in
   * with `values`, is exactly that. The focus stays where it is.
   */
  show?(
    prompt: string,
    values: Readonly<Record<string, string>>,
    span: Span
  ): void;
  /**
   * Write an edit into the place, so that its text is just that; nothing is written
   * where that can't be. Absent: nothing is ever written there.
   *
   * @returns why nothing was written; null: `text` is the edited text.
   */
  apply?(edit: IPromptEdit): Promise<IProblem | null>;
  /**
   * Shade the text in its editor; null clears.
   *
   * The shades are for `prompt`: the source shows them only while its text, filled
   * in with `values`, is exactly that.
   */
  paint(
    prompt: string,
    values: Readonly<Record<string, string>>,
    shades: readonly IShade[] | null
  ): void;
}
