/** Turns edits of a literal's value into edits of its source. */
import { firstIndex, isPlain } from '../../session/mapped';
import type { IEdit } from '../../session/mapped';
import type { Span } from '../../session/source';
import { scanField } from '../strings/fields';
import type { IFindContext } from '../strings/types';
import { trimmed } from './diff';
import { readHolder } from './literals';
import type { IHolder } from './literals';

/** A way to spell edits. */
interface IStyle {
  /** Whether only those of a triple-quoted string's own quotes are escaped that must be. */
  readonly isSparing: boolean;
  /** Whether the characters beside an edit are spelled anew, too. */
  readonly isWide: boolean;
}

/** The first that reads back right is taken. */
const STYLES: readonly IStyle[] = [
  { isSparing: true, isWide: false },
  { isSparing: false, isWide: false },
  { isSparing: false, isWide: true }
];

/**
 * The edits of a source that make the edits of a literal's value; null where no
 * spelling gives exactly that.
 *
 * @param edits - in order and apart; none touches a field.
 * @param context - undefined for a text that is its source as it is.
 */
export function spell(
  source: string,
  holder: IHolder,
  edits: readonly IEdit[],
  context: IFindContext | undefined
): IEdit[] | null {
  const wanted = edited(holder.value, edits);
  const isRaw = /r/i.test(holder.opening);
  const isText = context === undefined;
  for (const style of isRaw || isText ? STYLES.slice(0, 1) : STYLES) {
    let next = 0;
    const spelled = spansOf(holder, edits, style).map(([from, to]) => {
      const first = next;
      while (next < edits.length && edits[next].to <= to) {
        next++;
      }
      const inside = edits.slice(first, next);
      const insert = edited(holder.value, inside, [from, to]);
      const [start, end] = sourceOf(holder, from, to);
      const written = isText
        ? asLines(source, insert)
        : write(source, holder, insert, style, end === holder.body[1]);
      return trimmed(source, { from: start, to: end, insert: written }, 0);
    });
    if (isText || reads(source, holder, spelled, wanted, context)) {
      return spelled;
    }
  }
  return null;
}

/** The part `[from, to)` of a text after edits within it, given in order and apart. */
export function edited(
  text: string,
  edits: readonly IEdit[],
  [from, to]: Span = [0, text.length]
): string {
  const parts: string[] = [];
  let at = from;
  for (const edit of edits) {
    parts.push(text.slice(at, edit.from), edit.insert);
    at = edit.to;
  }
  return parts.join('') + text.slice(at, to);
}

/** The spans of the value that are spelled anew, apart from each other. */
function spansOf(
  holder: IHolder,
  edits: readonly IEdit[],
  { isWide }: IStyle
): Span[] {
  const spans: Span[] = [];
  for (const edit of edits) {
    const [from, to] = uncut(
      holder,
      isWide ? widened(holder, edit) : [edit.from, edit.to]
    );
    const last = spans[spans.length - 1];
    if (last !== undefined && from <= last[1]) {
      spans[spans.length - 1] = [last[0], Math.max(last[1], to)];
    } else {
      spans.push([from, to]);
    }
  }
  return spans;
}

/** A span with the characters beside it that may change how it reads. */
function widened({ value, fields }: IHolder, { from, to }: IEdit): Span {
  const before = fields.filter(([, end]) => end <= from).pop()?.[1] ?? 0;
  const after = fields.find(([start]) => start >= to)?.[0] ?? value.length;
  let start = Math.max(from - 1, before);
  while (start > before && /[\\"']/.test(value.slice(start - 1, start))) {
    start--;
  }
  let end = Math.min(to + 1, after);
  while (end < after && /["']/.test(value[end])) {
    end++;
  }
  return [start, end];
}

/** A span that cuts no escape in two. */
function uncut({ map }: IHolder, [from, to]: Span): Span {
  const cut = (at: number) => {
    const run = map[firstIndex(map, ({ value }) => value[1] > at)];
    return run && run.value[0] < at && !isPlain(run) ? run : null;
  };
  const [first, last] = [cut(from), cut(to)];
  return [first?.value[0] ?? from, last?.value[1] ?? to];
}

/** Where a span of the value stands in the source; an empty one is behind what is before it. */
function sourceOf({ map, body }: IHolder, from: number, to: number): Span {
  const startOf = (at: number) => {
    const run = map[firstIndex(map, ({ value }) => value[1] > at)];
    const shift = isPlain(run) ? at - run.value[0] : 0;
    return run.source[0] + shift;
  };
  const endOf = (at: number) => {
    const run = map[firstIndex(map, ({ value }) => value[1] >= at)];
    return isPlain(run) ? run.source[0] + at - run.value[0] : run.source[1];
  };
  if (from < to) {
    return [startOf(from), endOf(to)];
  }
  const at = from > 0 ? endOf(from) : map.length > 0 ? startOf(0) : body[1];
  return [at, at];
}

/** Characters that would not be seen, or that a source can't hold as they are. */
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\ufeff]/u;

/** A text as the literal spells it. */
function write(
  source: string,
  { opening, closing, body }: IHolder,
  text: string,
  { isSparing }: IStyle,
  isLast: boolean
): string {
  const isRaw = /r/i.test(opening);
  const isTriple = closing.length === 3;
  const inside = source.slice(...body);
  const newline =
    isTriple || isRaw ? (source.includes('\r\n') ? '\r\n' : '\n') : '\\n';
  const doubled = /f/i.test(opening) ? text.replace(/[{}]/g, '$&$&') : text;
  if (isRaw) {
    return doubled.replace(/\n/g, newline);
  }
  const quote = closing[0];
  let quotes = 0; // how many of them are in a row, none of which is escaped
  const units = Array.from(doubled);
  return units
    .map((unit, at) => {
      if (unit !== quote) {
        quotes = 0;
      }
      switch (unit) {
        case '\n':
          return newline;
        case '\\':
          return '\\\\';
        case '\t':
          return inside.includes('\t') ? '\t' : '\\t';
        case '\r':
          return '\\r';
        case quote: {
          const ends = isLast && at === units.length - 1;
          const isFree = isTriple && isSparing && !ends && ++quotes < 3;
          quotes = isFree ? quotes : 0;
          return isFree ? quote : `\\${quote}`;
        }
        default:
          return HIDDEN.test(unit) ? escaped(unit) : unit;
      }
    })
    .join('');
}

/** A text with line breaks as its source has them. */
function asLines(source: string, text: string): string {
  return source.includes('\r\n') ? text.replace(/\r?\n/g, '\r\n') : text;
}

/** A character by its number. */
function escaped(unit: string): string {
  const code = unit.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * Whether a literal has that value after edits of its source, and the same
 * fields.
 */
function reads(
  source: string,
  holder: IHolder,
  edits: readonly IEdit[],
  wanted: string,
  context: IFindContext
): boolean {
  if (edits.some(({ from }, at) => at > 0 && from < edits[at - 1].to)) {
    return false;
  }
  const { opening, closing, fields, value } = holder;
  const body = edited(source, edits, holder.body);
  const literal = opening + body + closing;
  if (!isWhole(literal, opening.length, literal.length - closing.length)) {
    return false;
  }
  const again = readHolder(literal, 0, literal.length, context);
  return (
    again !== null &&
    again.value === wanted &&
    again.problems <= holder.problems &&
    again.fields.length === fields.length &&
    again.fields.every(
      (span, at) => again.value.slice(...span) === value.slice(...fields[at])
    )
  );
}

/** Whether a literal's quotes open and close just it. */
function isWhole(literal: string, from: number, to: number): boolean {
  const quote = literal.slice(to);
  const isFormat = /f/i.test(literal.slice(0, from));
  let at = from;
  while (at < to) {
    const unit = literal[at];
    if (unit === '\\') {
      const isOpening = isFormat && literal[at + 1] === '{';
      at += isOpening ? 1 : literal.startsWith('\r\n', at + 1) ? 3 : 2;
    } else if (literal.startsWith(quote, at)) {
      return false;
    } else if (quote.length === 1 && (unit === '\n' || unit === '\r')) {
      return false;
    } else if (isFormat && unit === '{' && literal[at + 1] !== '{') {
      const field = scanField(literal, at, to);
      at = field === null ? at + 1 : field.to;
    } else {
      at += isFormat && unit === '{' ? 2 : 1;
    }
  }
  return at === to;
}
