/** Julia's strings: the margin that three quotes remove, and interpolation. */
import { applyEdits } from '../../session/mapped';
import type { IEdit, IMapped } from '../../session/mapped';
import type { Span } from '../../session/source';
import type { IFindContext, IFoundField, IFoundText } from './types';

/** A source's strings as its language reads them, where that is known. */
export function inLanguage(
  language: string,
  found: IFoundText[],
  source: string,
  context: IFindContext
): IFoundText[] {
  return /^julia\b/i.test(language)
    ? found.map(text => asJulia(text, source, context))
    : found;
}

/** What begins a name after a dollar sign. */
const NAME = /[\p{L}_][\p{L}\p{N}_!]*/uy;

/**
 * A string as Julia reads it: without the first line break and the margin of a text in
 * three quotes, and with its interpolations as fields.
 *
 * https://docs.julialang.org/en/v1/manual/strings/
 */
export function asJulia(
  found: IFoundText,
  source: string,
  { trans }: IFindContext
): IFoundText {
  const literal = source.slice(...found.span);
  const [, prefix, quote] = /^([^"]*)("""|")/.exec(literal) ?? ['', '', ''];
  const read: IMapped =
    quote === '"""'
      ? applyEdits({ ...found, fields: [] }, margins(found.value))
      : found;
  const { value, map } = read;
  // What comes before the quotes names a macro, which reads the text by itself.
  const fields = prefix === '' ? interpolations(value) : [];
  const text = { ...found, value, map, fields: fields ?? [] };
  return fields === null && text.problem === undefined
    ? {
        ...text,
        problem: trans.__('A $ here is followed by code that can’t be read.')
      }
    : text;
}

/** What three quotes remove: a line break at once, and the margin that all lines have. */
function margins(value: string): IEdit[] {
  const lead = /^\r?\n/.exec(value)?.[0].length ?? 0;
  const edits: IEdit[] = lead > 0 ? [{ from: 0, to: lead, insert: '' }] : [];
  const lines: Span[] = [];
  for (const { 0: line, index } of value.matchAll(/[^\n]*(?:\n|$)/g)) {
    const isFirst = index === 0;
    const isLast = index + line.length === value.length;
    // The line of the closing quotes counts, though it is blank; other blank lines don't.
    if (
      (!isFirst || lead > 0) &&
      index >= lead &&
      (/[^ \t\r\n]/.test(line) || isLast)
    ) {
      lines.push([index, index + /^[ \t]*/.exec(line)![0].length]);
    }
    if (isLast) {
      break;
    }
  }
  const width = lines.reduce((least, [from, to], i) => {
    const [start] = lines[0];
    const common = [...value.slice(from, to)].findIndex(
      (blank, at) => blank !== value[start + at]
    );
    const length = common === -1 ? to - from : common;
    return i === 0 ? to - from : Math.min(least, length);
  }, 0);
  if (width === 0) {
    return edits;
  }
  // A blank line loses what it has of the margin.
  for (const { index } of value.matchAll(/(?<=^|\n)/g)) {
    if (index >= lead && (index > 0 || lead > 0)) {
      const blank = /^[ \t]*/.exec(value.slice(index, index + width))![0];
      if (blank !== '') {
        edits.push({ from: index, to: index + blank.length, insert: '' });
      }
    }
  }
  return edits;
}

/** The fields `$name` and `$(…)`; null if one of them can't be read. */
function interpolations(value: string): IFoundField[] | null {
  const fields: IFoundField[] = [];
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') {
      at++;
      continue;
    }
    if (value[at] !== '$') {
      continue;
    }
    NAME.lastIndex = at + 1;
    const isCall = value[at + 1] === '(';
    const end = isCall
      ? closing(value, at + 1)
      : NAME.test(value)
        ? NAME.lastIndex
        : null;
    if (end === null) {
      return null;
    }
    const expression = isCall
      ? value.slice(at + 2, end - 1).trim()
      : value.slice(at + 1, end);
    fields.push({
      name: expression,
      expression,
      value: [at, end],
      wanted: null,
      format: ''
    });
    at = end - 1;
  }
  return fields;
}

/** After the parenthesis that closes the one at an offset; null if none does. */
function closing(value: string, at: number): number | null {
  let depth = 0;
  for (let end = at; end < value.length; end++) {
    switch (value[end]) {
      case '(':
        depth++;
        break;
      case ')':
        depth--;
        break;
      case '"':
      case "'":
      case '#':
        return null; // Texts and comments may hold parentheses.
    }
    if (depth === 0) {
      return end + 1;
    }
  }
  return null;
}
