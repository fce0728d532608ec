/** Margins that `dedent` and `cleandoc` remove: lines that are added need them, too. */
import { firstIndex } from '../../session/mapped';
import type { IEdit } from '../../session/mapped';
import type { Span } from '../../session/source';

/** What the lines of a literal's value begin with. */
export interface IMargins {
  /** Spans of the value that are left after the steps, in order. */
  readonly seen: readonly Span[];
  /** Of its first line. */
  readonly first: string;
  readonly others: string;
}

/**
 * An edit of a literal's value, with the margins that its lines need.
 *
 * @param isStart - whether the edit begins a line of the text after the steps.
 * @param isEnd - whether it ends where such a line begins.
 */
export function withMargins(
  value: string,
  { seen, first, others }: IMargins,
  edit: IEdit,
  isStart: boolean,
  isEnd: boolean
): IEdit {
  let { from, to } = edit;
  const line = value.lastIndexOf('\n', from - 1) + 1;
  const isGap = (start: number, end: number) =>
    /^[ \t]*$/.test(value.slice(start, end)) && !isSeen(seen, start, end);
  const begins = isStart && isGap(line, from);
  if (begins) {
    from = line;
  }
  if (isEnd) {
    while (to < value.length && value[to] !== '\n' && isGap(to, to + 1)) {
      to++;
    }
  }
  const own = line === 0 ? first : others;
  const isBlankAfter = to === value.length || value[to] === '\n';
  const lines = edit.insert.split('\n').map((text, index, all) => {
    const isBlank = text === '' && (index < all.length - 1 || isBlankAfter);
    return isBlank || (index === 0 && !begins)
      ? text
      : (index === 0 ? own : others) + text;
  });
  return { from, to, insert: lines.join('\n') };
}

/** Whether a part of `[start, end)` is left. */
function isSeen(seen: readonly Span[], start: number, end: number): boolean {
  const next = seen[firstIndex(seen, span => span[1] > start)];
  return next !== undefined && next[0] < end;
}

/** The margins of a literal's value that no one sees; null where it has none. */
export function marginsOf(
  value: string,
  seen: readonly Span[]
): IMargins | null {
  const isHidden = seen.some(([start]) => {
    const line = value.lastIndexOf('\n', start - 1) + 1;
    return line < start && /^[ \t]+$/.test(value.slice(line, start));
  });
  if (!isHidden) {
    return null;
  }
  const others = marginOf(value);
  const first = /^([ \t]*)[^ \t\n]/.exec(value)?.[1] ?? others;
  return { seen, first, others };
}

/** The blanks that all lines but the first begin with; of a single line its own. */
function marginOf(value: string): string {
  const [first, ...others] = value.split('\n');
  const written = others.filter(line => /[^ \t]/.test(line));
  const lines = written.length > 0 ? written : [first];
  return lines
    .map(line => /^[ \t]*/.exec(line)![0])
    .reduce((margin, other) => {
      let end = 0;
      while (end < margin.length && margin[end] === other[end]) {
        end++;
      }
      return margin.slice(0, end);
    });
}
