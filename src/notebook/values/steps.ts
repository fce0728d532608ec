/** `.strip()`, `dedent` and `cleandoc` of texts in parts. */
import { applyStep } from '../../session/steps';
import type { TextStep } from '../../session/source';
import { linesOf } from '../strings/evaluate';
import { charge } from './meter';
import { cutText } from './text';
import type { IPiece, ITextValue } from './value';

/** Take a step; where a part is open, it waits for that. */
export function step(text: ITextValue, how: TextStep): ITextValue {
  const { pieces, before } = text;
  const ends = pieces.reduce((sum, piece) => sum + linesOf(piece.text, how), 0);
  const runs = pieces.reduce((sum, { map }) => sum + map.length, 0);
  charge(80 * (ends + runs + pieces.length));
  const isPut = pieces.some(({ via, open }) => via ?? open);
  const stripped = isPut && !before ? strip(text, how) : null;
  if (stripped !== null) {
    return stripped;
  }
  const waits = before
    ? { text: before.text, steps: [...before.steps, how] }
    : { text, steps: [how] };
  const open = pieces.find(piece => piece.open);
  if (open !== undefined) {
    const piece = {
      text: open.text,
      cell: open.cell,
      map: [],
      open: open.open
    };
    return { type: 'text', pieces: [piece], whole: null, before: waits };
  }
  return {
    type: 'text',
    pieces: stepped(text, how),
    whole: null,
    ...((isPut || before) && { before: waits })
  };
}

/**
 * Strip a text whose ends aren't fields, so that the fields' values make no
 * difference.
 */
function strip(text: ITextValue, how: TextStep): ITextValue | null {
  if (how.name === 'dedent' || how.name === 'cleandoc') {
    return null;
  }
  const verb = how.name;
  const chars = 'chars' in how ? how.chars : undefined;
  const pieces = [...text.pieces];
  const strips = (piece: IPiece, isLeft: boolean): IPiece | null => {
    if (piece.via || piece.open) {
      return null;
    }
    const string = piece.text;
    const name = isLeft ? 'lstrip' : 'rstrip';
    const left = applyStep(
      { value: string, map: [], fields: [] },
      { name, chars }
    ).value.length;
    const cut = isLeft
      ? ([string.length - left, string.length] as const)
      : ([0, left] as const);
    const whole: ITextValue = { type: 'text', pieces: [piece], whole: null };
    return left === 0 ? null : cutText(whole, ...cut).pieces[0];
  };
  for (const isLeft of [true, false]) {
    const isMeant = verb !== (isLeft ? 'rstrip' : 'lstrip');
    const at = isLeft ? 0 : pieces.length - 1;
    const rest = isMeant ? strips(pieces[at], isLeft) : pieces[at];
    if (rest === null) {
      return null;
    }
    pieces[at] = rest;
  }
  return { type: 'text', pieces, whole: null };
}

/** The pieces of a known text after a step, with their ways back. */
function stepped(text: ITextValue, how: TextStep): IPiece[] {
  if (text.pieces.length === 1) {
    const [piece] = text.pieces;
    const mapped = { value: piece.text, map: piece.map, fields: [] };
    const { value, map } = applyStep(mapped, how);
    return [{ text: value, cell: piece.cell, map }];
  }
  const value = text.pieces.map(piece => piece.text).join('');
  // Maps the text to itself, so that each part is found again.
  const whole = [
    { value: [0, value.length], source: [0, value.length] }
  ] as const;
  const after = applyStep({ value, map: whole, fields: [] }, how);
  const pieces: IPiece[] = [];
  let at = 0;
  const computed = (from: number, to: number) => {
    if (from < to) {
      pieces.push({ text: after.value.slice(from, to), cell: -1, map: [] });
    }
  };
  for (const { value: span, source } of after.map) {
    computed(at, span[0]);
    const isPlain = span[1] - span[0] === source[1] - source[0];
    if (isPlain && value.startsWith(after.value.slice(...span), source[0])) {
      pieces.push(...cutText(text, ...source).pieces);
    } else {
      computed(...span);
    }
    at = span[1];
  }
  computed(at, after.value.length);
  return pieces;
}
