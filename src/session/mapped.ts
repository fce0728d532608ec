/**
 * Texts that know where each of their spans came from, and edits that preserve
 * this. Pure functions; all positions are UTF-16 units.
 */
import type { IField, ITextRun, Span } from './source';

/** A value and the map back to its source. */
export interface IMapped {
  readonly value: string;
  readonly map: readonly ITextRun[];
}

/** A value with fields in it. */
export interface ITemplate extends IMapped {
  readonly fields: readonly IField[];
}

/** Replace `[from, to)` of a value; the insertion comes from what it replaces. */
export interface IEdit {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** Collects a value piece by piece, joining runs of plain text. */
export class MappedBuilder {
  /** Append `text`, which came from `source`; null if it came from nowhere. */
  push(text: string, source: Span | null): void {
    const start = this._length;
    this._parts.push(text);
    this._length += text.length;
    if (source === null || text === '') {
      return;
    }
    const last = this._runs[this._runs.length - 1];
    if (
      last !== undefined &&
      isPlain(last) &&
      text.length === source[1] - source[0] &&
      last.value[1] === start &&
      last.source[1] === source[0]
    ) {
      this._runs[this._runs.length - 1] = {
        value: [last.value[0], this._length],
        source: [last.source[0], source[1]]
      };
      return;
    }
    this._runs.push({ value: [start, this._length], source });
  }

  /** Append `[from, to)` of another text. */
  pushSlice(text: IMapped, from: number, to: number): void {
    let at = from;
    for (const run of runsWithin(text.map, [from, to])) {
      const start = Math.max(run.value[0], from);
      const end = Math.min(run.value[1], to);
      if (start > at) {
        this.push(text.value.slice(at, start), null);
      }
      this.push(text.value.slice(start, end), cut(run, start, end));
      at = end;
    }
    this.push(text.value.slice(at, to), null);
  }

  /** Length of the value so far. */
  get length(): number {
    return this._length;
  }

  /** The collected text. */
  build(): { value: string; map: ITextRun[] } {
    return { value: this._parts.join(''), map: this._runs };
  }

  private _length = 0;
  private readonly _parts: string[] = [];
  private readonly _runs: ITextRun[] = [];
}

/** A text that is in its source exactly as it is, from `start` on. */
export function plain(value: string, start: number): IMapped {
  const builder = new MappedBuilder();
  builder.push(value, [start, start + value.length]);
  return builder.build();
}

/** Apply edits, given in order and apart from each other, to text and fields. */
export function applyEdits(
  text: ITemplate,
  edits: readonly IEdit[]
): { value: string; map: ITextRun[]; fields: IField[] } {
  const builder = new MappedBuilder();
  let at = 0;
  for (const { from, to, insert } of edits) {
    builder.pushSlice(text, at, from);
    // A replacement that happens to be as long as what it replaces isn't plain
    // text: it becomes two runs, one longer and one shorter than its source.
    const head = insert.length === to - from ? insert.slice(0, 1) : '';
    const source = cover(text.map, [from, to]);
    builder.push(head, source);
    builder.push(insert.slice(head.length), source);
    at = to;
  }
  builder.pushSlice(text, at, text.value.length);
  const shifts: number[] = [0];
  for (const { from, to, insert } of edits) {
    shifts.push(shifts[shifts.length - 1] + insert.length - (to - from));
  }
  /** Where a position moves to; inside an edit: to its start. */
  const move = (position: number) => {
    const index = firstIndex(edits, edit => edit.to > position);
    const from = edits[index]?.from ?? Infinity;
    return shifts[index] + Math.min(position, from);
  };
  const fields = text.fields
    .filter(({ value: [start, end] }) => {
      const edit = edits[firstIndex(edits, item => item.to >= end)];
      return edit === undefined || edit.from > start;
    })
    .map(field => ({
      ...field,
      value: [move(field.value[0]), move(field.value[1])] as const
    }));
  return { ...builder.build(), fields };
}

/** The one source span of a span of the value. */
function cover(map: readonly ITextRun[], span: Span): Span | null {
  return sourceSpans(map, span).reduce<Span | null>(
    (all, [start, end]) =>
      all === null
        ? [start, end]
        : [Math.min(all[0], start), Math.max(all[1], end)],
    null
  );
}

/** The source spans of a span of the value, in the value's order. */
export function sourceSpans(
  map: readonly ITextRun[],
  [from, to]: Span
): Span[] {
  const spans: Span[] = [];
  for (const run of runsWithin(map, [from, to])) {
    const start = Math.max(run.value[0], from);
    const end = Math.min(run.value[1], to);
    const source = cut(run, start, end);
    const last = spans[spans.length - 1];
    // A composed text's literals may stand in another order than in the text.
    const isNext =
      last !== undefined && last[0] <= source[0] && source[0] <= last[1];
    if (isNext) {
      spans[spans.length - 1] = [last[0], Math.max(last[1], source[1])];
    } else {
      spans.push(source);
    }
  }
  return spans;
}

/** Whether a run's value is its source, unit by unit. */
export function isPlain(run: ITextRun): boolean {
  return run.value[1] - run.value[0] === run.source[1] - run.source[0];
}

/** The source of a part of a run; for an escape always the whole. */
function cut(run: ITextRun, start: number, end: number): Span {
  if (!isPlain(run)) {
    return run.source;
  }
  const shift = run.source[0] - run.value[0];
  return [start + shift, end + shift];
}

/** The runs of a map that a span of the value overlaps. */
export function* runsWithin(
  map: readonly ITextRun[],
  [from, to]: Span
): Generator<ITextRun> {
  let index = firstIndex(map, run => run.value[1] > from);
  for (; index < map.length && map[index].value[0] < to; index++) {
    yield map[index];
  }
}

/** The index of the first item that fulfils a condition, as all behind it do; the length if none does. */
export function firstIndex<T>(
  items: readonly T[],
  isSo: (item: T) => boolean
): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(items[middle])) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}
