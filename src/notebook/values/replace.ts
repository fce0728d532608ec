/** `.replace` that fills in a text's markers, such as `{{TEXT}}`. */
import type { SyntaxNode } from '@lezer/common';

import type { IMarker } from '../../session/source';
import { ANY } from '../strings/library';
import { isFilling, markerName } from '../strings/markers';
import type { IPassed } from './functions';
import type { Machine } from './machine';
import { callText } from './methods';
import { printed } from './print';
import { cutText, openPiece, placeIn } from './text';
import { stringOf, unknown } from './value';
import type { IBinding, IPiece, IPlace, ITextValue, Value } from './value';

/** Most markers of a text, and most places that one of them has. */
const MAX_MARKERS = 100;
const MAX_PLACES = 1_000;

/** `text.replace(marker, value)`; null where nothing reads as a marker's. */
export function replaceMarker(
  m: Machine,
  text: ITextValue,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const [old, given, times] = passed.positional;
  const marker = old === undefined ? null : stringOf(old.value);
  const count = times === undefined ? Infinity : countOf(times.value);
  const { text: original, markers: before } = text.marked ?? {
    text,
    markers: []
  };
  const source = stringOf(original);
  if (
    !marker ||
    given === undefined ||
    count === null ||
    source === null ||
    original.whole === null ||
    passed.keyword.size > 0 ||
    passed.open !== null ||
    before.length >= MAX_MARKERS
  ) {
    return null;
  }
  const place = m.place(node.from);
  const field = fieldOf(marker, given, count, source, before, node);
  const fixed = stringOf(given.value);
  if (field === null && (before.length === 0 || fixed === null)) {
    return null;
  }
  // What comes behind a marker's may change what that was replaced by.
  const limit = count === Infinity ? {} : { count };
  const step = field ?? { name: '', marker, value: fixed!, ...limit };
  const markers = [...before, step];
  m.note(sightings =>
    sightings.reach({
      how: { syntax: 'format' },
      text: original,
      args: ANY,
      markers
    })
  );
  const places = field === null ? [] : placesOf(source, marker, count);
  for (const at of places) {
    const where = placeIn(original, at);
    if (where !== null) {
      m.seeAt(`${where.cell}:${where.at}`, asText(given, place));
    }
  }
  const made = m.each(
    [given.value],
    ([value]) =>
      (count === Infinity && stringOf(text) !== null
        ? callText(text, 'replace', [old.value, value])
        : null) ?? opened(text, marker, count, value, place),
    place
  );
  if (given.value.type === 'unknown') {
    m.unknown([given.value], place);
  }
  return made.type === 'text'
    ? { ...made, marked: { text: original, markers } }
    : made;
}

/** The field that a marker is of; null where it is none. */
function fieldOf(
  marker: string,
  given: IBinding,
  count: number,
  source: string,
  before: readonly IMarker[],
  node: SyntaxNode
): IMarker | null {
  const name = markerName(marker);
  if (
    name === null ||
    !source.includes(marker) ||
    before.some(one => one.marker === marker) ||
    !isValue(marker, given, node)
  ) {
    return null;
  }
  return {
    name: before.some(one => one.name === name) ? marker : name,
    marker,
    ...(count !== Infinity && { count })
  };
}

/** What is put in: a text, or the code fails. */
function asText(given: IBinding, place: IPlace): IBinding {
  const { value } = given;
  return value.type === 'text' ||
    value.type === 'unknown' ||
    value.type === 'choice'
    ? given
    : { ...given, value: unknown('run', place) };
}

/** Whether what is put in is a value, rather than another spelling of the text. */
function isValue(
  marker: string,
  { value }: IBinding,
  node: SyntaxNode
): boolean {
  const list = node.getChild('ArgList');
  const written = list?.getChildren('String') ?? [];
  const text = printed(value);
  return written.length < 2 || text === null || isFilling(marker, text);
}

function countOf(value: Value): number | null {
  return value.type !== 'int'
    ? null
    : value.value < 0n
      ? Infinity
      : Math.min(Number(value.value), MAX_PLACES);
}

function placesOf(text: string, marker: string, count: number): number[] {
  const places: number[] = [];
  const most = Math.min(count, MAX_PLACES);
  let at = text.indexOf(marker);
  while (at !== -1 && places.length < most) {
    places.push(at);
    at = text.indexOf(marker, at + marker.length);
  }
  return places;
}

/** A marker's expression isn't read. */
const UNREAD = { wanted: null, format: '' };

/** The text with open parts in the place of the marker. */
function opened(
  text: ITextValue,
  marker: string,
  count: number,
  value: Value,
  place: IPlace
): Value {
  const why =
    value.type === 'unknown' ? value.why : { cause: 'run' as const, place };
  const all = placesOf(
    text.pieces.map(one => one.text).join(''),
    marker,
    count
  );
  const pieces: IPiece[] = [];
  let found = 0;
  for (const piece of text.pieces) {
    if (piece.open) {
      pieces.push(piece);
      continue;
    }
    const one: ITextValue = { type: 'text', pieces: [piece], whole: null };
    let at = 0;
    for (const start of placesOf(piece.text, marker, count)) {
      const { cell, at: from } = placeIn(one, start) ?? { cell: -1, at: 0 };
      pieces.push(...cutText(one, at, start).pieces);
      const name = markerName(marker) ?? marker;
      const to = from + marker.length;
      const put = { cell, from, to, written: marker, name, ...UNREAD };
      const open = openPiece(marker, cell, from, why);
      pieces.push(cell === -1 ? open : { ...open, via: { put, depth: 1 } });
      at = start + marker.length;
      found++;
    }
    pieces.push(...cutText(one, at, piece.text.length).pieces);
  }
  // What isn't known may hold the marker, too, or make one with its neighbours.
  const isSure = count === Infinity || text.pieces.every(({ open }) => !open);
  return found === all.length && isSure
    ? { type: 'text', pieces, whole: null }
    : unknown('run', place);
}
