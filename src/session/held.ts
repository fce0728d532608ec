/** A prompt's text together with the place that it came from. */
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

/** What the page stores of a text over a reload. */
export interface ISavedText {
  readonly text: IPromptText | null;
  readonly typed: Readonly<Record<string, string>>;
  /** Values from a notebook that may be closed after the reload. */
  readonly found: Readonly<Record<string, ISuggestion>>;
  /** A kernel's values for the fields, if the user requested them. */
  readonly taken?: Readonly<Record<string, ISuggestion>>;
  readonly edited: string | null;
  /** The value of the source's text when the edit began; absent if it is that of `text`. */
  readonly base?: string;
  /** The edited turns, as `edited` has them in one text; null or absent if the prompt is a text. */
  readonly turns?: readonly Turn[] | null;
  readonly origin: IOrigin | null;
  readonly link: ReadonlyPartialJSONObject | null;
  /** Whether the place now has another text, or no longer exists. */
  readonly isLost: boolean;
}

/**
 * A text with its place. Opening, leaving and returning always concern both. Immutable.
 */
export interface IHeld extends ISavedText {
  /** The place; null if the user typed the text, and after a reload. */
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

/** Where a text came from, which is known even if its source no longer exists. */
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
 * The values that the source suggests, or suggested before the reload. Values from a
 * kernel replace them, but the user can still choose the replaced ones.
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

/** The fields' values, by name. Typed values replace suggested ones. */
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

/** The source's turns with their variables filled in; null if it has no turns. */
export function filledTurnsOf(held: IHeld): readonly Turn[] | null {
  if (!held.text?.turns) {
    return null;
  }
  const { value, turns = [] } = fill(held.text, valuesOf(held));
  return turnsIn(value, turns);
}

/** Whether turns equal the source's; for null turns, whether the source has none. */
export function isAsFound(held: IHeld, turns: readonly Turn[] | null): boolean {
  return isSameTurns(filledTurnsOf(held), turns);
}

/** Whether the user edited the text, so that losing it would lose work. */
export function wouldBeMissed({ edited }: IHeld): boolean {
  return edited !== null && edited.trim() !== '';
}

/** A text after a change of its source. An edit still belongs to the source's earlier text. */
export function followed(held: IHeld, text: IPromptText): IHeld {
  const { edited, base = held.text?.value } = held;
  const isSame = edited === null || base === text.value;
  return { ...held, text, base: isSame ? undefined : base };
}

/** The source's text, without the user's edit. */
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
