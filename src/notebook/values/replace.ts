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
const MOST_MARKERS = 100;
const MOST_PLACES = 1_000;

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
  const original = text.marked?.text ?? text;
  const before = text.marked?.markers ?? [];
  const source = stringOf(original);
  const name = marker === null ? null : markerName(marker);
  if (
    !marker ||
    name === null ||
    given === undefined ||
    count === null ||
    source === null ||
    original.whole === null ||
    !source.includes(marker) ||
    passed.keyword.size > 0 ||
    passed.open !== null ||
    before.length >= MOST_MARKERS ||
    before.some(one => one.marker === marker) ||
    !isValue(marker, given, node)
  ) {
    return null;
  }
  const place = m.place(node.from);
  const isTaken = before.some(one => one.name === name);
  const field: IMarker = {
    name: isTaken ? marker : name,
    marker,
    ...(count !== Infinity && { count })
  };
  const markers = [...before, field];
  m.reach({ how: { syntax: 'format' }, text: original, args: ANY, markers });
  for (const at of placesOf(source, marker, count)) {
    const where = placeIn(original, at);
    if (where !== null) {
      m.seeAt(`${where.cell}:${where.at}`, asText(given, place));
    }
  }
  const made =
    stringOf(text) === null
      ? null
      : m.each(
          [given.value],
          ([value]) =>
            callText(text, 'replace', [
              old.value,
              value,
              ...(times === undefined ? [] : [times.value])
            ]) ?? opened(text, marker, count, value, place),
          place
        );
  if (given.value.type === 'unknown') {
    m.unknown([given.value], place);
  }
  const value = made ?? opened(text, marker, count, given.value, place);
  return value.type === 'text'
    ? { ...value, marked: { text: original, markers } }
    : value;
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
      : Math.min(Number(value.value), MOST_PLACES);
}

function placesOf(text: string, marker: string, count: number): number[] {
  const places: number[] = [];
  const most = Math.min(count, MOST_PLACES);
  let at = text.indexOf(marker);
  while (at !== -1 && places.length < most) {
    places.push(at);
    at = text.indexOf(marker, at + marker.length);
  }
  return places;
}

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
      pieces.push(openPiece(marker, cell, from, why));
      at = start + marker.length;
      found++;
    }
    pieces.push(...cutText(one, at, piece.text.length).pieces);
  }
  // What isn't known may hold the marker, too, or make one with its neighbours.
  return found === all.length
    ? { type: 'text', pieces, whole: null }
    : unknown('run', place);
}
