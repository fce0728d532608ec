/**
 * Which rows of a long list are in sight, and where they are drawn.
 *
 * All rows are equally high, but one, which has its whole text below it. A
 * browser can't draw a box of any height: of a longer list all of it can still
 * be scrolled to, in larger steps.
 */

/** Height of a row, in px; `style/datasets.css` says the same. */
export const ROW = 44;

/** Height of what an expanded row has below it, in px. */
export const DETAIL = 260;

/** The highest box that is drawn, in px. */
export const TALLEST = 8_000_000;

/** Rows that are drawn beyond what is in sight. */
const BEYOND = 6;

/** A list, and how it is scrolled. */
export interface IScrolled {
  readonly total: number;
  /** Index of the row that is expanded, or -1. */
  readonly expanded: number;
  /** Of the box, in px. */
  readonly top: number;
  /** Of what can be seen, in px. */
  readonly height: number;
}

/** Height of the whole box, in px. */
export function boxHeight(list: IScrolled): number {
  return Math.min(TALLEST, fullHeight(list));
}

/** The rows to draw: from `start` to before `end`. */
export function inSight(list: IScrolled): { start: number; end: number } {
  const top = list.top + shift(list);
  return {
    start: Math.max(0, rowAt(list, top) - BEYOND),
    end: Math.min(list.total, rowAt(list, top + list.height) + 1 + BEYOND)
  };
}

/** Where a row is drawn in the box, in px. */
export function placeOf(list: IScrolled, index: number): number {
  return y(list, index) - shift(list);
}

/** How the box must be scrolled to have a row in sight. */
export function scrollTo(list: IScrolled, index: number): number {
  const start = y(list, index);
  const end = start + ROW + (index === list.expanded ? DETAIL : 0);
  const top = list.top + shift(list);
  const wanted =
    start < top || end - start > list.height
      ? start
      : end > top + list.height
        ? end - list.height
        : top;
  return wanted / ratio(list);
}

function fullHeight({ total, expanded }: IScrolled): number {
  return total * ROW + (expanded >= 0 ? DETAIL : 0);
}

/** How far the list moves when the box moves by a px. */
function ratio(list: IScrolled): number {
  const box = boxHeight(list) - list.height;
  return box > 0 && fullHeight(list) > TALLEST
    ? (fullHeight(list) - list.height) / box
    : 1;
}

/** How much further the list is than the box. */
function shift(list: IScrolled): number {
  return list.top * (ratio(list) - 1);
}

function y({ expanded }: IScrolled, index: number): number {
  return index * ROW + (expanded >= 0 && index > expanded ? DETAIL : 0);
}

function rowAt({ expanded }: IScrolled, at: number): number {
  const end = (expanded + 1) * ROW;
  return Math.floor(
    expanded < 0 || at < end
      ? at / ROW
      : at < end + DETAIL
        ? expanded
        : (at - DETAIL) / ROW
  );
}
