import type { TranslationBundle } from '@jupyterlab/translation';

import type { IField, IPromptText, Span } from '../../session/source';

/** A replacement field, and what is known of how it is filled at run time. */
export interface IFoundField extends IField {
  /** The Python expression that fills it; null when the code doesn't say. */
  readonly wanted: string | null;
  /** Debug sign, conversion and format after the expression, as written. */
  readonly format: string;
  /** Where its brace stands, if not where its text does: a cell, and an offset. */
  readonly place?: { readonly cell: number; readonly at: number };
  /** Its key in `IRun.seen`; by default its place. */
  readonly seen?: string;
}

/** What a string is for. */
export type Standing =
  /** A dictionary's key. */
  | 'key'
  /** Who says a message. */
  | 'role'
  /** Between the brackets of `d["key"]`. */
  | 'subscript'
  /** A function's or class's docstring. */
  | 'docstring'
  /** For a person to read: printed, logged, raised, or on a plot. */
  | 'notice';

/** A string found in a cell. */
export interface IFoundText extends IPromptText {
  readonly fields: readonly IFoundField[];
  /** Where the literals, with what is done to them, stand in the source. */
  readonly span: Span;
  /** The variable that it is assigned to, such as `prompt`. */
  readonly variable?: string;
  /** What it is for, if the code around it says so. */
  readonly standing?: Standing;
  /**
   * Of a composed text: where the code that makes it stands, and the literals that
   * it is made of.
   */
  readonly parts?: readonly Span[];
}

/**
 * Look up a Unicode name of `\N{…}`: its characters, null if there is no such
 * name, undefined if that isn't known yet.
 */
export type NameLookup = (name: string) => string | null | undefined;

/** What finding strings needs besides the source. */
export interface IFindContext {
  readonly lookup: NameLookup;
  readonly trans: TranslationBundle;
}
