/**
 * Texts with a map from each span to its source, and edits that preserve the map. Pure
 * functions. All positions are UTF-16 units.
 */
import type { IField, ITextRun, Span } from './source';

/** A value and the map to its source. */
export interface IMapped {
  readonly value: string;
  readonly map: readonly ITextRun[];
}

/** A value that contains fields. */
export interface ITemplate extends IMapped {
  readonly fields: readonly IField[];
}

/** Replace `[from, to)` of a value. The inserted text maps to the source of the replaced text. */
export interface IEdit {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
}

/** Builds a value piece by piece, and joins consecutive plain text. */
export class MappedBuilder {
  /** Append `text`, which comes from `source`; null if it has no source. */
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

  /** The current length of the value. */
  get length(): number {
    return this._length;
  }

  /** The built text. */
  build(): { value: string; map: ITextRun[] } {
    return { value: this._parts.join(''), map: this._runs };
  }

  private _length = 0;
  private readonly _parts: string[] = [];
  private readonly _runs: ITextRun[] = [];
}

/** A text that stands unchanged in its source from `start` on. */
export function plain(value: string, start: number): IMapped {
  const builder = new MappedBuilder();
  builder.push(value, [start, start + value.length]);
  return builder.build();
}

/** Apply edits to a text and its fields. The edits must be in order and must not touch. */
export function applyEdits(
  text: ITemplate,
  edits: readonly IEdit[]
): { value: string; map: ITextRun[]; fields: IField[] } {
  const builder = new MappedBuilder();
  let at = 0;
  for (const { from, to, insert } of edits) {
    builder.pushSlice(text, at, from);
    // A replacement with the length of the replaced text must not count as plain text. So it
    // becomes two runs, one longer and one shorter than its source.
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
  /** The new position of a position. Inside an edit, it is the edit's start. */
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

/** The single source span of a span of the value. */
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
    // The literals of a composed text may stand in another order than in the text.
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

/** Whether a run's value equals its source, unit by unit. */
export function isPlain(run: ITextRun): boolean {
  return run.value[1] - run.value[0] === run.source[1] - run.source[0];
}

/** The source of a part of a run. For an escape, it is always the whole escape. */
function cut(run: ITextRun, start: number, end: number): Span {
  if (!isPlain(run)) {
    return run.source;
  }
  const shift = run.source[0] - run.value[0];
  return [start + shift, end + shift];
}

/** The runs of a map that overlap a span of the value. */
export function* runsWithin(
  map: readonly ITextRun[],
  [from, to]: Span
): Generator<ITextRun> {
  let index = firstIndex(map, run => run.value[1] > from);
  for (; index < map.length && map[index].value[0] < to; index++) {
    yield map[index];
  }
}

/** The index of the first item that satisfies a condition, which all later items satisfy as well; the length if none does. */
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
