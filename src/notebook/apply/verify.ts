/** Reading a cell as it would be after edits: whether it says just what was meant. */
import type { Turn } from '../../api';
import { isSameTurns, turnsIn } from '../../session/conversation';
import { sourceSpans } from '../../session/mapped';
import type { IEdit } from '../../session/mapped';
import type { Span } from '../../session/source';
import { fill } from '../../session/template';
import { asShown } from '../breaks';
import { findAgain, moveOrigin, stringOrigin } from '../origin';
import type { Origin, SourceDelta } from '../origin';
import { whole } from '../strings/finder';
import type { INotebookText, StringFinder } from '../strings/finder';
import type { IFoundText } from '../strings/types';
import { edited } from './spell';

/** A text of a cell. */
export interface IPlacedText {
  readonly notebook: INotebookText;
  /** The cell's index. */
  readonly index: number;
  readonly origin: Origin;
  readonly text: IFoundText;
}

/** What a text is to become. */
export interface IWanted {
  /** The values of its fields. */
  readonly values: Readonly<Record<string, string>>;
  /** The text with its fields filled in. */
  readonly prompt: string;
  /** The same as a conversation; null where it is a text. */
  readonly turns: readonly Turn[] | null;
}

/** What becomes of a cell that says what was meant, and of the text's place in it. */
export interface IVerified {
  readonly source: string;
  readonly origin: Origin;
}

/** Why a text wouldn't be what was meant; `remark` is what else its cell would say of it. */
export interface IMismatch {
  readonly remark: string;
}

/** Read the text again after edits of its cell's source, given in order and apart. */
export async function verify(
  place: IPlacedText,
  edits: readonly IEdit[],
  wanted: IWanted,
  finder: StringFinder
): Promise<IVerified | IMismatch> {
  const { notebook, index, text } = place;
  const before = notebook.cells[index].source;
  const source = edited(before, edits);
  const cells = notebook.cells.map((one, at) =>
    at === index ? { ...one, source } : one
  );
  const after = { ...notebook, cells };
  const origin = movedOrigin(place.origin, edits);
  const found = await finder.find(after, index);
  const read = readAgain(origin, found, source);
  const mismatch = { remark: '' };
  if (read === null || !isSame(text, read.text, edits, wanted)) {
    return mismatch;
  }
  const { problem = '' } = read.text;
  if (!(text.problem ?? '').includes(problem)) {
    return { remark: problem };
  }
  const old = await finder.find(notebook, index);
  const changes = edits.map(({ from, to }): Span => [from, to]);
  return elsewhere(old, changes) === elsewhere(found, spansAfter(edits))
    ? { source, origin: read.origin }
    : mismatch;
}

/** The text at a place of a source, of which the finder found what it did. */
function readAgain(
  origin: Origin,
  found: readonly IFoundText[],
  source: string
): { text: IFoundText; origin: Origin } | null {
  switch (origin.what) {
    case 'string': {
      const again = findAgain(origin, found);
      return again === null
        ? null
        : { text: found[again], origin: stringOrigin(found, again) };
    }
    case 'selection': {
      const [from, to] = origin.span;
      return from < to
        ? { text: whole('selection', source, from, to), origin }
        : null;
    }
    default:
      return found.length > 0 ? { text: found[0], origin } : null;
  }
}

/**
 * What the texts say that edits don't touch. Conversations and composed texts are
 * made of others, which are compared.
 */
function elsewhere(
  found: readonly IFoundText[],
  changes: readonly Span[]
): string {
  return JSON.stringify(
    found
      .filter(
        ({ kind, span }) =>
          kind !== 'composed' &&
          kind !== 'conversation' &&
          !changes.some(change => touches(span, change))
      )
      .map(({ kind, value }) => [kind, value])
  );
}

/** Whether a text has become what was meant, with the same fields in the same places. */
function isSame(
  old: IFoundText,
  now: IFoundText,
  edits: readonly IEdit[],
  { values, prompt, turns }: IWanted
): boolean {
  const filled = fill(now, values);
  const isSaid =
    turns === null
      ? !now.turns && asShown(filled.value) === asShown(prompt)
      : isSameTurns(
          turnsIn(filled.value, filled.turns ?? []).map(turnAsShown),
          turns.map(turnAsShown)
        );
  const fields = now.before?.fields ?? now.fields;
  const before = old.before?.fields ?? old.fields;
  const placesOf = ({ map, before }: IFoundText, at: number) =>
    sourceSpans(before?.map ?? map, (before?.fields ?? fields)[at].value);
  return (
    isSaid &&
    now.kind === old.kind &&
    fields.length === before.length &&
    before.every(
      ({ name, expression }, at) =>
        name === fields[at].name &&
        expression === fields[at].expression &&
        JSON.stringify(placesOf(now, at)) ===
          JSON.stringify(
            sourceSpans(old.before?.map ?? old.map, before[at].value).map(
              span => movedSpan(span, edits)
            )
          )
    )
  );
}

function turnAsShown({ role, text }: Turn): Turn {
  return { role, text: asShown(text) };
}

/** A span between edits, after them. */
function movedSpan([start, end]: Span, edits: readonly IEdit[]): Span {
  let shift = 0;
  for (const { from, to, insert } of edits) {
    if (to > start) {
      break;
    }
    shift += insert.length - (to - from);
  }
  return [start + shift, end + shift];
}

/** Where the edits stand after them. */
function spansAfter(edits: readonly IEdit[]): Span[] {
  let shift = 0;
  return edits.map(({ from, to, insert }): Span => {
    const start = from + shift;
    shift += insert.length - (to - from);
    return [start, start + insert.length];
  });
}

/** Whether two spans meet, be it at their ends. */
function touches(one: Span, other: Span): boolean {
  return one[0] <= other[1] && other[0] <= one[1];
}

/** Where a text lies after edits of it: what is added at its ends is part of it. */
function movedOrigin(origin: Origin, edits: readonly IEdit[]): Origin {
  if (origin.what === 'selection') {
    const grown = edits.reduce(
      (sum, { from, to, insert }) => sum + insert.length - (to - from),
      0
    );
    const [from, to] = origin.span;
    return { ...origin, span: [from, to + grown] };
  }
  const delta: SourceDelta[number][] = [];
  let at = 0;
  for (const { from, to, insert } of edits) {
    delta.push({ retain: from - at }, { insert }, { delete: to - from });
    at = to;
  }
  return moveOrigin(origin, delta);
}
