/**
 * Where a prompt comes from: the seam between the session, which analyses a
 * prompt, and the notebook or the dataset browser, which have found one.
 */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';

import type { Role } from '../api';

/** Half-open span `[start, end)` in UTF-16 units. */
export type Span = readonly [start: number, end: number];

/** A stretch of a value and the stretch of the source that it came from. */
export interface ITextRun {
  readonly value: Span;
  readonly source: Span;
}

/** A replacement field of a template, still to be filled in. */
export interface IField {
  /** Its name for the user; the same name twice is the same variable. */
  readonly name: string;
  /** What stands between the braces. */
  readonly expression: string;
  /** Where it stands in the template's value. */
  readonly value: Span;
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
  | 'conversation'
  | 'markdown'
  | 'raw'
  | 'selection'
  | 'output'
  | 'dataset'
  | 'history';

/**
 * A text as it was found. Where it has fields, `value` holds each field as it
 * is written in the source, braces included, until it is filled in.
 */
export interface IPromptText {
  readonly kind: TextKind;
  /** What the language would have at run time. */
  readonly value: string;
  /** In order; empty where the text has no place in an editor. */
  readonly map: readonly ITextRun[];
  readonly fields: readonly IField[];
  /**
   * The turns of a conversation, in order and apart, as `joinTurns` places them;
   * left out: it is a text. Fields lie within turns.
   */
  readonly turns?: readonly ITurnSpan[];
  /** In words: why `value` may differ from what the language would have. */
  readonly problem?: string;
  /**
   * The template before `steps`, which Python takes after filling it in; given
   * where the text has both. `value`, `map` and `fields` are those after them.
   */
  readonly before?: {
    readonly value: string;
    readonly map: readonly ITextRun[];
    readonly fields: readonly IField[];
    readonly steps: readonly TextStep[];
  };
}

/** What code does to a literal, where that can be known without running it. */
export type TextStep =
  | {
      readonly name: 'strip' | 'lstrip' | 'rstrip';
      /** Characters to remove; undefined: blanks. */
      readonly chars?: string;
    }
  | { readonly name: 'dedent' | 'cleandoc' };

/** A value for a field, and where it was found, in words. */
export interface ISuggestion {
  readonly value: string;
  readonly from: string;
}

/** A stretch of the prompt to be shaded. */
export interface IShade {
  /** In UTF-16 units of the filled-in prompt. */
  readonly span: Span;
  /** Strength of colour, -1 to 1; negative only for signed methods. */
  readonly weight: number;
  /** From 1, the strongest. */
  readonly rank: number;
  /** Score, share and rank, for the hover text. */
  readonly label: string;
}

/** A place that a prompt came from. */
export interface IPromptSource extends IDisposable {
  /** Path of the notebook, or name of the dataset. */
  readonly document: string;
  /** Where in the document, outermost first, such as `cell 2`, `f-string`. */
  readonly place: readonly string[];
  /** The text as the source says it now; null when it is gone. */
  readonly text: IPromptText | null;
  /** What the model is to say, where the source tells; absent or null: nothing. */
  readonly target?: string | null;
  /** Values found for the fields, by name of the field. */
  readonly suggestions: Readonly<Record<string, ISuggestion>>;
  /** What finds the place again after a reload; null if nothing does. */
  readonly link: ReadonlyPartialJSONObject | null;
  /** Emitted when `text`, `place` or `suggestions` may have changed. */
  readonly changed: ISignal<IPromptSource, void>;
  /** Settles when an edit made just now has reached `text`. */
  settled(): Promise<void>;
  /** Go there. */
  reveal(): void;
  /**
   * Shade the text where it stands in an editor; null clears.
   *
   * The shades hold for `prompt`: the source shows them only while its text,
   * filled in with `values`, is exactly that.
   */
  paint(
    prompt: string,
    values: Readonly<Record<string, string>>,
    shades: readonly IShade[] | null
  ): void;
}
