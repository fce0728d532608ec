/** A prompt's text together with its place. */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Turn } from '../api';
import { isSameTurns, turnsIn } from './conversation';
import type {
  IChoice,
  IPromptSource,
  IPromptText,
  ISuggestion
} from './source';
import { fill } from './template';

/** Where a prompt came from, as the interface shows it. */
export interface IOrigin {
  readonly document: string;
  readonly place: readonly string[];
}

/** What is stored of a text over a reload. */
export interface ISavedText {
  readonly text: IPromptText | null;
  readonly typed: Readonly<Record<string, string>>;
  /** Values from a notebook that may be closed after the reload. */
  readonly found: Readonly<Record<string, ISuggestion>>;
  /** What a kernel said of the fields when the user asked it; absent: nothing. */
  readonly taken?: Readonly<Record<string, ISuggestion>>;
  readonly edited: string | null;
  /** The value of the text that the edit began with; absent: that of `text`. */
  readonly base?: string;
  /** The turns that were edited, `edited` as text; null or absent: a text. */
  readonly turns?: readonly Turn[] | null;
  readonly origin: IOrigin | null;
  readonly link: ReadonlyPartialJSONObject | null;
  /** Whether the place now has another text, or no longer exists. */
  readonly isLost: boolean;
}

/**
 * A text with its place: opened, left and returned to as one. Immutable.
 */
export interface IHeld extends ISavedText {
  /** The place; null if the user typed the text, or after a reload. */
  readonly source: IPromptSource | null;
}

/** No prompt. */
export const NOTHING: IHeld = {
  source: null,
  text: null,
  typed: {},
  found: {},
  edited: null,
  origin: null,
  link: null,
  isLost: false
};

/** Where a text came from; known even when its source is gone. */
export function originOf({ source, origin }: IHeld): IOrigin | null {
  return source ? { document: source.document, place: source.place } : origin;
}

/** Whether two texts have the same place. */
export function isSamePlace(one: IHeld, other: IHeld): boolean {
  return one.source !== null && one.source === other.source
    ? true
    : JSON.stringify(originOf(one)) === JSON.stringify(originOf(other));
}

/**
 * Values that the source suggests, or suggested before the reload. Those that the
 * user took from a kernel replace them, and leave them as choices.
 */
export function foundOf({
  source,
  found,
  taken = {}
}: IHeld): Readonly<Record<string, ISuggestion>> {
  const suggested = source?.suggestions ?? found;
  const all = { ...suggested };
  for (const [name, { value, from, choices = [] }] of Object.entries(taken)) {
    if (value !== null) {
      const other = Object.hasOwn(suggested, name) ? suggested[name] : null;
      const others: readonly IChoice[] =
        other?.choices ??
        (other !== null && other.value !== null
          ? [{ value: other.value, from: other.from }]
          : []);
      const different = [...choices, ...others].filter(
        choice => choice.value !== value
      );
      all[name] = { value, from, choices: [{ value, from }, ...different] };
    }
  }
  return all;
}

/** The names of a template's fields, each once, in order of appearance. */
export function namesOf({ text }: IHeld): string[] {
  return [...new Set(text?.fields.map(field => field.name))];
}

/** The fields' values, by name: typed values replace found ones. */
export function valuesOf(held: IHeld): Record<string, string> {
  const found = foundOf(held);
  const values: Record<string, string> = {};
  for (const name of namesOf(held)) {
    if (Object.hasOwn(held.typed, name)) {
      values[name] = held.typed[name];
    } else if (Object.hasOwn(found, name) && found[name].value !== null) {
      values[name] = found[name].value;
    }
  }
  return values;
}

/** The source's text with its fields filled in; null without a text. */
export function filledOf(held: IHeld): string | null {
  return held.text && fill(held.text, valuesOf(held)).value;
}

/** The source's turns with their variables filled in; null where it has none. */
export function filledTurnsOf(held: IHeld): readonly Turn[] | null {
  if (!held.text?.turns) {
    return null;
  }
  const { value, turns = [] } = fill(held.text, valuesOf(held));
  return turnsIn(value, turns);
}

/** Whether turns say what the source's do; null: they are a text. */
export function isAsFound(held: IHeld, turns: readonly Turn[] | null): boolean {
  return isSameTurns(filledTurnsOf(held), turns);
}

/** Whether the user edited the text, so that losing it would lose work. */
export function wouldBeMissed({ edited }: IHeld): boolean {
  return edited !== null && edited.trim() !== '';
}

/** A text after its source has changed; an edit remains one of the earlier text. */
export function followed(held: IHeld, text: IPromptText): IHeld {
  const { edited, base = held.text?.value } = held;
  const isSame = edited === null || base === text.value;
  return { ...held, text, base: isSame ? undefined : base };
}

/** A text as its source has it, without an edit. */
export function unedited(held: IHeld): IHeld {
  return { ...held, edited: null, turns: null, base: undefined };
}

/** What to store of a text over a reload. */
export function saveHeld(held: IHeld): ISavedText {
  const { source, text, typed, found, taken, edited, base, turns } = held;
  const { link, isLost } = held;
  return {
    text,
    typed,
    found: source?.suggestions ?? found,
    ...(taken && { taken }),
    edited,
    ...(base !== undefined && { base }),
    ...(turns && { turns }),
    origin: originOf(held),
    link: source?.link ?? link,
    isLost: isLost || source?.text === null
  };
}
