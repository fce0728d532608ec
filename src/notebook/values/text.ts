/** Texts in parts: joining and cutting them keeps the way back to their literals. */
import { MappedBuilder, sourceSpans } from '../../session/mapped';
import type { IMapped } from '../../session/mapped';
import { charge } from './meter';
import { MAX_TEXT } from './print';
import { stringOf, unitsOf } from './value';
import type { IExtent, IPiece, IPlace, ITextValue, IWhy } from './value';

/** A part that stands in a cell. */
export function pieceOf(text: IMapped, cell: number): IPiece {
  return { text: text.value, map: text.map, cell };
}

/** A text of one part. */
export function textOf(piece: IPiece, whole: IExtent | null): ITextValue {
  return { type: 'text', pieces: [piece], whole };
}

/** An open part: a field as it is written at `[from, to)`. */
export function openPiece(
  text: string,
  cell: number,
  from: number,
  why: IWhy
): IPiece {
  const span = [from, from + text.length] as const;
  return {
    text,
    cell,
    map: [{ value: [0, text.length], source: span }],
    open: why
  };
}

/** Pieces of the longest text. */
export const MAX_PIECES = 10_000;

/** Whether texts are too long to be joined. */
export function isTooLong(texts: readonly ITextValue[]): boolean {
  let pieces = 0;
  let units = 0;
  for (const text of texts) {
    pieces += text.pieces.length;
    if (pieces > MAX_PIECES) {
      return true;
    }
    units += unitsOf(text);
    if (units > MAX_TEXT) {
      return true;
    }
  }
  return false;
}

/** Texts joined, each with the steps that were applied to it. */
export function concat(
  texts: readonly ITextValue[],
  whole: IExtent | null = null
): ITextValue {
  const pieces = texts.flatMap(text => text.pieces).filter(({ text }) => text);
  return { type: 'text', pieces, whole };
}

/** The part `[from, to)` of a piece, in UTF-16 units. */
export function cutPiece(piece: IPiece, from: number, to: number): IPiece {
  const builder = new MappedBuilder();
  builder.pushSlice({ value: piece.text, map: piece.map }, from, to);
  const cut = pieceOf(builder.build(), piece.cell);
  charge(50 + 20 * cut.map.length);
  return cut;
}

/** The part `[from, to)` of a text without open parts, in UTF-16 units. */
export function cutText(
  text: ITextValue,
  from: number,
  to: number
): ITextValue {
  const pieces: IPiece[] = [];
  let at = 0;
  charge(text.pieces.length);
  for (const piece of text.pieces) {
    const start = Math.max(from - at, 0);
    const end = Math.min(to - at, piece.text.length);
    if (start < end) {
      pieces.push(cutPiece(piece, start, end));
    }
    at += piece.text.length;
  }
  return { type: 'text', pieces, whole: null };
}

/** Where the character at `at` of a text stands; null for a computed one. */
export function placeIn(text: ITextValue, at: number): IPlace | null {
  let start = 0;
  for (const piece of text.pieces) {
    const end = start + piece.text.length;
    if (at < end) {
      const [span] = sourceSpans(piece.map, [at - start, at - start + 1]);
      return span ? { cell: piece.cell, at: span[0] } : null;
    }
    start = end;
  }
  return null;
}

/** Stands for what no placeholder can be read in. */
export const MASK = '\ue000';

/** A text whose open parts are masked, so that the others can be read. */
export function masked(text: ITextValue): ITextValue {
  return text.pieces.every(({ open }) => !open)
    ? text
    : {
        ...text,
        pieces: text.pieces.map(piece =>
          piece.open
            ? { text: MASK.repeat(piece.text.length), cell: -1, map: [] }
            : piece
        )
      };
}

/** Whether a text is made of Unicode's characters, without half a pair. */
export function isWellFormed(text: ITextValue): boolean {
  const string = stringOf(text);
  return string === null || !/\p{Surrogate}/u.test(string);
}
