/**
 * What Python code does to a literal before it is used as a prompt, and that
 * can be known without running it: `.strip()`, `textwrap.dedent`,
 * `inspect.cleandoc`. Each is a list of edits, so that the map stays exact.
 */
import { applyEdits } from './mapped';
import type { IEdit, ITemplate } from './mapped';
import type { TextStep } from './source';

/** Python's `str.isspace`, which differs from JavaScript's `\s`. */
const SPACE =
  '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const LEADING_SPACE = new RegExp(`^[${SPACE}]*`);
const TRAILING_SPACE = new RegExp(`[${SPACE}]*$`);

/** Apply one step to a text, its map and its fields. */
export function applyStep<T extends ITemplate>(
  text: T,
  step: TextStep
): ReturnType<typeof applyEdits> {
  switch (step.name) {
    case 'strip':
      return applyEdits(text, strip(text.value, step.chars, true, true));
    case 'lstrip':
      return applyEdits(text, strip(text.value, step.chars, true, false));
    case 'rstrip':
      return applyEdits(text, strip(text.value, step.chars, false, true));
    case 'dedent':
      return applyEdits(text, dedent(text.value));
    case 'cleandoc': {
      const expanded = applyEdits(text, expandTabs(text.value));
      return applyEdits(expanded, cleandoc(expanded.value));
    }
  }
}

/** `str.strip`, `lstrip` and `rstrip`; `chars` as Python has it. */
function strip(
  value: string,
  chars: string | undefined,
  left: boolean,
  right: boolean
): IEdit[] {
  let start = 0;
  let end = value.length;
  if (chars === undefined) {
    start = left ? LEADING_SPACE.exec(value)![0].length : 0;
    end = right ? value.length - trailingSpace(value.slice(start)) : end;
  } else {
    const set = new Set(chars);
    const points = [...value];
    let first = 0;
    let last = points.length;
    while (left && first < last && set.has(points[first])) {
      start += points[first++].length;
    }
    while (right && last > first && set.has(points[last - 1])) {
      end -= points[--last].length;
    }
  }
  return deletions([
    [0, start],
    [end, value.length]
  ]);
}

/** `textwrap.dedent`: blank lines emptied, the common margin removed. */
function dedent(value: string): IEdit[] {
  let margin: string | null = null;
  const lines = linesOf(value);
  for (const { text } of lines) {
    const indent = /^[ \t]*/.exec(text)![0];
    if (indent.length < text.length) {
      margin = margin === null ? indent : commonPrefix(margin, indent);
    }
  }
  const width = margin?.length ?? 0;
  return deletions(
    lines.map(({ start, text }) => [
      start,
      start + (/^[ \t]*$/.test(text) ? text.length : width)
    ])
  );
}

/** `inspect.cleandoc`, on a text whose tabs are already expanded. */
function cleandoc(value: string): IEdit[] {
  const lines = linesOf(value);
  const indent = (text: string) => LEADING_SPACE.exec(text)![0].length;
  const margin = lines
    .slice(1)
    .filter(({ text }) => indent(text) < text.length)
    .reduce<number | null>(
      (least, { text }) => Math.min(least ?? Infinity, indent(text)),
      null
    );
  const removed = lines.map(({ text }, index) =>
    index === 0 ? indent(text) : Math.min(margin ?? 0, text.length)
  );
  const kept = lines.map(({ text }, index) => text.length - removed[index] > 0);
  const first = kept.indexOf(true);
  const last = kept.lastIndexOf(true);
  if (first === -1) {
    return deletions([[0, value.length]]);
  }
  const spans: [number, number][] = [[0, lines[first].start]];
  for (let index = first; index <= last; index++) {
    spans.push([lines[index].start, lines[index].start + removed[index]]);
  }
  const { start, text } = lines[last];
  spans.push([start + text.length, value.length]);
  return deletions(spans);
}

/** `str.expandtabs()`, with stops every eight columns. */
function expandTabs(value: string): IEdit[] {
  const edits: IEdit[] = [];
  let column = 0;
  let at = 0;
  for (const point of value) {
    if (point === '\t') {
      const width = 8 - (column % 8);
      edits.push({ from: at, to: at + 1, insert: ' '.repeat(width) });
      column += width;
    } else {
      column = point === '\n' || point === '\r' ? 0 : column + 1;
    }
    at += point.length;
  }
  return edits;
}

/** Length of the blank end of a text, without a regular expression's backtracking. */
function trailingSpace(value: string): number {
  let end = value.length;
  while (end > 0 && TRAILING_SPACE.exec(value[end - 1])![0] !== '') {
    end--;
  }
  return value.length - end;
}

function linesOf(value: string): { start: number; text: string }[] {
  let start = 0;
  return value.split('\n').map(text => {
    const line = { start, text };
    start += text.length + 1;
    return line;
  });
}

function commonPrefix(one: string, other: string): string {
  let end = 0;
  while (end < one.length && one[end] === other[end]) {
    end++;
  }
  return one.slice(0, end);
}

/** Deletions in order; empty ones and overlaps of neighbours are dropped. */
function deletions(spans: readonly (readonly [number, number])[]): IEdit[] {
  const edits: IEdit[] = [];
  let at = 0;
  for (const [start, to] of spans) {
    const from = Math.max(start, at);
    if (from < to) {
      edits.push({ from, to, insert: '' });
      at = to;
    }
  }
  return edits;
}
