/** A prompt's text and where it stands, which belong together. */
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { Turn } from '../api';
import { isSameTurns, turnsIn } from './conversation';
import type { IPromptSource, IPromptText, ISuggestion } from './source';
import { fill } from './template';

/** Where a prompt came from, in words. */
export interface IOrigin {
  readonly document: string;
  readonly place: readonly string[];
}

/** What is kept of a text when the page is reloaded. */
export interface ISavedText {
  readonly text: IPromptText | null;
  readonly typed: Readonly<Record<string, string>>;
  /** Values found in a notebook that may be closed by then. */
  readonly found: Readonly<Record<string, ISuggestion>>;
  readonly edited: string | null;
  /** The turns that were edited, `edited` as text; null or absent: a text. */
  readonly turns?: readonly Turn[] | null;
  readonly origin: IOrigin | null;
  readonly link: ReadonlyPartialJSONObject | null;
  /** Whether the place was found to say something else, or not found any more. */
  readonly isLost: boolean;
}

/**
 * A text with its place: taken up, left, and gone back to as a whole. A plain
 * state, replaced rather than altered.
 */
export interface IHeld extends ISavedText {
  /** The place itself; null when typed, or after a reload. */
  readonly source: IPromptSource | null;
}

/** No prompt, from nowhere. */
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

/** Where a text came from; shown even when its source is gone. */
export function originOf({ source, origin }: IHeld): IOrigin | null {
  return source ? { document: source.document, place: source.place } : origin;
}

/** Whether two texts are of the same place. */
export function isSamePlace(one: IHeld, other: IHeld): boolean {
  return one.source !== null && one.source === other.source
    ? true
    : JSON.stringify(originOf(one)) === JSON.stringify(originOf(other));
}

/** Values that the source suggests, or did before the page was reloaded. */
export function foundOf({
  source,
  found
}: IHeld): Readonly<Record<string, ISuggestion>> {
  return source?.suggestions ?? found;
}

/** The names of a template's variables, each once, in order of appearance. */
export function namesOf({ text }: IHeld): string[] {
  return [...new Set(text?.fields.map(field => field.name))];
}

/** Values of the variables that have one, by name: what is typed wins. */
export function valuesOf(held: IHeld): Record<string, string> {
  const found = foundOf(held);
  const values: Record<string, string> = {};
  for (const name of namesOf(held)) {
    if (Object.hasOwn(held.typed, name)) {
      values[name] = held.typed[name];
    } else if (Object.hasOwn(found, name)) {
      values[name] = found[name].value;
    }
  }
  return values;
}

/** The source's text with its variables filled in; null where there is none. */
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

/** Whether a text was edited by hand and would be missed. */
export function wouldBeMissed({ edited }: IHeld): boolean {
  return edited !== null && edited.trim() !== '';
}

/** What to keep of a text over a reload. */
export function saveHeld(held: IHeld): ISavedText {
  const { source, text, typed, edited, turns, link, isLost } = held;
  return {
    text,
    typed,
    found: foundOf(held),
    edited,
    ...(turns && { turns }),
    origin: originOf(held),
    link: source?.link ?? link,
    isLost: isLost || source?.text === null
  };
}
