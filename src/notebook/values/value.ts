/** Python's values, as far as the evaluator knows them. */
import type { SyntaxNode } from '@lezer/common';

import type { Role } from '../../api';
import type { IMarker, ITextRun, TextStep } from '../../session/source';
import type { IWriting } from '../strings/library';

/** A place in the notebook: a cell, by its index, and an offset in its source. */
export interface IPlace {
  readonly cell: number;
  readonly at: number;
}

/** Why a value isn't known. */
export type Cause =
  /** Only running the code would show it. */
  | 'run'
  /** Changed in a branch, and one of the ways isn't known. */
  | 'branch'
  /** Changed in a loop. */
  | 'loop'
  /** Changed where it stands, as by `.append`, or passed to code that may. */
  | 'changed'
  /** A parameter that no call in the notebook gives a value. */
  | 'parameter'
  /** Nothing in the notebook gives the name a value. */
  | 'unbound'
  /** One of Python's own functions or classes. */
  | 'python'
  /** Code that may change any name: `import *`, `exec`, `%run`. */
  | 'anything'
  /** A library's template, which no call that is understood gives it. */
  | 'unfilled'
  /** The source can't be read as Python. */
  | 'syntax'
  /** Too long, too deep or too many to be followed. */
  | 'limit';

/** Why a value isn't known, and where that happens. */
export interface IWhy {
  readonly cause: Cause;
  readonly place: IPlace;
}

/**
 * A part of a text. Its map leads to the literal that it comes from, in
 * `cell`; the map of a computed part is empty.
 */
export interface IPiece {
  readonly text: string;
  readonly cell: number;
  readonly map: readonly ITextRun[];
  /** Why this part is open: `text` is its field as written, braces included. */
  readonly open?: IWhy;
  /** What put it into its text; where that was put into another, this comes first. */
  readonly via?: IVia;
}

/** A field, a name or a call that puts a value into a text. */
export interface IPut extends IExtent {
  /** What stands for it in a template, braces included. */
  readonly written: string;
  /** What its field is called. */
  readonly name: string;
  /** The Python expression, and how it is formatted; null where that isn't read. */
  readonly wanted: string | null;
  readonly format: string;
}

/** What put a piece into its text; each time that code does, that is another object. */
export interface IVia {
  readonly put: IPut;
  readonly inner?: IVia;
  /** How many are inside of each other. */
  readonly depth: number;
}

/** A string: its parts, some of which may be open. */
export interface ITextValue {
  readonly type: 'text';
  readonly pieces: readonly IPiece[];
  /** The expression that it was made by. */
  readonly whole: IExtent | null;
  /** The text that `.replace` made it of, and the markers that are replaced in it. */
  readonly marked?: {
    readonly text: ITextValue;
    readonly markers: readonly IMarker[];
  };
  /**
   * The text before steps such as `.strip()`, where what they do depends on what is
   * put into it.
   */
  readonly before?: {
    readonly text: ITextValue;
    readonly steps: readonly TextStep[];
  };
}

/** A stretch of a cell's source. */
export interface IExtent {
  readonly cell: number;
  readonly from: number;
  readonly to: number;
}

export interface IListValue {
  readonly type: 'list';
  items: readonly Value[];
  /** Set once code may have changed it. */
  lost: IWhy | null;
  /** The expression that it was written as. */
  readonly whole?: IExtent;
  /** Whether code has appended to it, so that it had fewer items before. */
  hasGrown?: boolean;
}

/** Items that were appended to a list. */
export interface IGrowth {
  readonly list: IListValue;
  readonly before: readonly Value[];
  readonly after: readonly Value[];
}

export interface ITupleValue {
  readonly type: 'tuple';
  readonly items: readonly Value[];
}

export interface IDictValue {
  readonly type: 'dict';
  /** By `keyOf` the key. */
  readonly entries: ReadonlyMap<string, readonly [key: Value, value: Value]>;
  lost: IWhy | null;
}

/** A function of the notebook's, or a lambda. */
export interface IFunctionValue {
  readonly type: 'function';
  /** The definition; the same for all values that running it makes. */
  readonly key: string;
  readonly node: SyntaxNode;
  readonly cell: number;
  readonly scope: unknown;
  readonly parameters: IParameters;
  /** When it was defined. */
  readonly order: number;
  readonly isLazy: boolean; // a generator or a coroutine
  readonly isMethod: boolean;
}

/** A function's parameters. */
export interface IParameters {
  readonly positional: readonly string[];
  readonly keyword: readonly string[];
  readonly defaults: ReadonlyMap<string, IBinding>;
  /** Names of `*args` and `**kwargs`. */
  readonly rest: readonly string[];
}

/** A class of the notebook's, or one of its instances. */
export interface IClassValue {
  readonly type: 'class' | 'instance';
  readonly methods: Map<string, IFunctionValue>;
}

/** A message of a library's template. */
export interface IMessage {
  /** Null where it is no conversation's. */
  readonly role: Role | null;
  /** Null where it isn't known, and for messages that are put in as they are. */
  readonly text: ITextValue | null;
  /** How its placeholders are written; null: its text is as it is. */
  readonly writing: IWriting | null;
  /** The name of messages that are put in at run time. */
  readonly puts?: string;
}

/** A template of a library, such as LangChain's `PromptTemplate`. */
export interface ITemplateValue {
  readonly type: 'template';
  /** The library, by which its methods are known. */
  readonly family: string;
  readonly messages: readonly IMessage[];
  /** How the templates that it makes are written; of Jinja's environments. */
  readonly writing?: IWriting;
  /** Values that it has already. */
  readonly filled: ReadonlyMap<string, IBinding>;
  /** Why it may have more of them; null where these are all. */
  readonly open: Value | null;
  lost: IWhy | null;
}

/** A step of a chain: a value that is called, or an item that is taken. */
export type Step =
  | { readonly what: 'value'; readonly value: Value }
  | { readonly what: 'item'; readonly key: Value }
  | {
      readonly what: 'entries';
      readonly entries: IDictValue['entries'];
      /** Whether they are added to what goes in. */
      readonly isAdded: boolean;
    };

/** Steps of LangChain's, such as `prompt | llm`. */
export interface IChainValue {
  readonly type: 'chain';
  readonly steps: readonly Step[];
}

/** A value that is one of several. */
export interface IChoice {
  readonly type: 'choice';
  readonly options: readonly IOption[];
  /** Whether each of them occurs, as in a loop; else one of them does. */
  readonly each: boolean;
}

export interface IOption {
  readonly value: Value;
  readonly place: IPlace;
}

export type Value =
  | ITextValue
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'none' }
  | IListValue
  | ITupleValue
  | IDictValue
  | IFunctionValue
  | IClassValue
  /** A function or module of Python's own that is understood, such as `len`. */
  | { readonly type: 'builtin'; readonly name: string }
  | { readonly type: 'module'; readonly name: string }
  /** A class or function of a library that is understood, by its family. */
  | { readonly type: 'library'; readonly family: string; readonly name: string }
  | ITemplateValue
  | IChainValue
  | IChoice
  | {
      readonly type: 'unknown';
      readonly why: IWhy;
      /** What it would be put into a text by, as an item of a list. */
      readonly via?: IVia;
    };

/** A name's value, and where it was given. */
export interface IBinding {
  readonly value: Value;
  readonly place: IPlace;
  /** Whether it is a parameter's default value. */
  readonly isDefault?: boolean;
}

export const NONE: Value = { type: 'none' };

export function unknown(cause: Cause, place: IPlace): Value {
  return { type: 'unknown', why: { cause, place } };
}

export function int(value: bigint | number): Value {
  return { type: 'int', value: BigInt(value) };
}

export function bool(value: boolean): Value {
  return { type: 'bool', value };
}

/** A text that was computed, and so has no place in a source. */
export function computed(text: string): ITextValue {
  return { type: 'text', pieces: [{ text, cell: -1, map: [] }], whole: null };
}

/** The string of a text; null where a part of it is open. */
export function stringOf(value: Value): string | null {
  return value.type !== 'text' || value.pieces.some(piece => piece.open)
    ? null
    : value.pieces.map(piece => piece.text).join('');
}

/** Number of UTF-16 units of a text, open parts as they are written. */
export function unitsOf(value: ITextValue): number {
  return value.pieces.reduce((sum, piece) => sum + piece.text.length, 0);
}

/** How many parts going through a value meets. */
export function sizeOf(value: Value): number {
  switch (value.type) {
    case 'text':
      return value.pieces.length;
    case 'list':
    case 'tuple':
      return value.items.length;
    case 'dict':
      return value.entries.size;
    case 'choice':
      return value.options.length;
    default:
      return 0;
  }
}

/** What comparing with a value or its items costs, in the machine's units. */
export function costOf(value: Value): number {
  const items =
    value.type === 'list' || value.type === 'tuple' ? value.items : [value];
  return items.reduce(
    (sum, item) => sum + (item.type === 'text' ? 10 + unitsOf(item) / 100 : 10),
    0
  );
}

/** A dictionary's key for a value; null for values that can't be compared here. */
export function keyOf(value: Value): string | null {
  const text = stringOf(value);
  return text !== null
    ? `s${text}`
    : value.type === 'int'
      ? `i${value.value}`
      : null;
}
