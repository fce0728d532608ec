/** Values that are put into texts, and know what put them there. */
import { charge } from './meter';
import type { IExtent, IPiece, IPut, ITextValue, IVia, Value } from './value';

/** Values within values that are put into texts, of which all are known. */
const MAX_DEPTH = 20;

/** By which sightings know what an expression puts into texts. */
export function keyOfPut({ cell, from, to }: IExtent): string {
  return `${cell}:${from}:${to}`;
}

/** A text that is put into another. */
export function putIn(text: ITextValue, put: IPut): ITextValue {
  charge(text.pieces.length);
  const pieces = text.pieces.map((piece): IPiece => {
    const { via: inner } = piece;
    const depth = (inner?.depth ?? 0) + 1;
    const via: IVia = inner ? { put, inner, depth } : { put, depth };
    return depth > MAX_DEPTH ? piece : { ...piece, via };
  });
  const { whole, marked } = text;
  return { type: 'text', pieces, whole, ...(marked && { marked }) };
}

/** Whether a value is surely a text. */
export function isText(value: Value): boolean {
  return value.type === 'choice'
    ? value.options.every(option => option.value.type === 'text')
    : value.type === 'text';
}

/**
 * A value that is joined to a text: it is a text, too, or the code fails. One that
 * isn't known is an open piece.
 */
export function opened(value: Value): Value {
  if (value.type !== 'unknown' || value.via === undefined) {
    return value;
  }
  const { put } = value.via;
  return {
    type: 'text',
    pieces: [
      {
        text: put.written,
        cell: put.cell,
        map: [],
        open: value.why,
        via: value.via
      }
    ],
    whole: null
  };
}
