/** Values of Python's string literals. */
import { MappedBuilder } from '../../session/mapped';
import { charge } from '../values/meter';
import { scanField } from './fields';
import type { IFindContext, IFoundField } from './types';

/** A literal taken apart; positions in the source. */
export interface ILiteral {
  readonly raw: boolean;
  readonly format: boolean;
  /** Whether it is a template string, which isn't a text at run time. */
  readonly template: boolean;
  readonly bytes: boolean;
  /** Between the quotes. */
  readonly from: number;
  readonly to: number;
  readonly closed: boolean;
}

/** Take the literal at `[from, to)` apart; null when it is none. */
export function splitLiteral(
  source: string,
  from: number,
  to: number
): ILiteral | null {
  const opening = /^([A-Za-z]{0,2})("""|'''|"|')/.exec(source.slice(from, to));
  if (opening === null) {
    return null;
  }
  const prefix = opening[1].toLowerCase();
  const quote = opening[2];
  const start = from + opening[0].length;
  const end = to - quote.length;
  let backslashes = 0;
  while (end - backslashes > start && source[end - backslashes - 1] === '\\') {
    backslashes++;
  }
  const closed =
    end >= start && source.startsWith(quote, end) && backslashes % 2 === 0;
  return {
    raw: prefix.includes('r'),
    format: /[ft]/.test(prefix),
    template: prefix.includes('t'),
    bytes: prefix.includes('b'),
    from: start,
    to: closed ? end : to,
    closed
  };
}

/** What a decoder adds to. */
export interface IDecoded {
  readonly builder: MappedBuilder;
  readonly fields: IFoundField[];
  readonly problems: Set<string>;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v'
};

/** What reading an escape or a brace costs, and a unit of a field. */
const MARK = 50;
const UNIT = 0.5;

/** Add a literal's value, as Python would have it, to what was decoded. */
export function decodeLiteral(
  source: string,
  literal: ILiteral,
  context: IFindContext,
  decoded: IDecoded
): void {
  const { builder, problems } = decoded;
  const { trans } = context;
  if (!literal.closed) {
    problems.add(trans.__('The string is not closed.'));
  }
  const special = literal.format ? /[\\\r{}]/g : /[\\\r]/g;
  const { from, to } = literal;
  // The rest of the source isn't part of this literal.
  const inside = source.slice(from, to);
  const braces = { refused: 0 };
  let at = from;
  while (at < to) {
    special.lastIndex = at - from;
    const next = special.exec(inside);
    const end = next === null ? to : from + next.index;
    builder.push(source.slice(at, end), [at, end]);
    at = end;
    if (at === to) {
      break;
    }
    charge(MARK);
    switch (source[at]) {
      case '\\':
        at = literal.raw
          ? verbatim(source, at, 1, builder)
          : decodeEscape(source, at, literal, context, decoded);
        break;
      case '\r': {
        // Python reads a line's end, however it is written, as a newline.
        const length = source[at + 1] === '\n' && at + 1 < to ? 2 : 1;
        builder.push('\n', [at, at + length]);
        at += length;
        break;
      }
      default:
        at = decodeBrace(source, at, to, braces, context, decoded);
    }
  }
}

/** Decode the escape at `at`; returns the position after it. */
function decodeEscape(
  source: string,
  at: number,
  literal: ILiteral,
  context: IFindContext,
  { builder, problems }: IDecoded
): number {
  const { trans } = context;
  const { to } = literal;
  const unit = at + 1 < to ? source[at + 1] : '';
  if (unit === '\n' || unit === '\r') {
    return at + (unit === '\r' && source[at + 2] === '\n' ? 3 : 2);
  }
  if (Object.hasOwn(SIMPLE_ESCAPES, unit)) {
    builder.push(SIMPLE_ESCAPES[unit], [at, at + 2]);
    return at + 2;
  }
  const rest = source.slice(at + 1, Math.min(to, at + 256));
  const coded =
    /^x([0-9a-fA-F]{2})/.exec(rest) ??
    /^u([0-9a-fA-F]{4})/.exec(rest) ??
    /^U([0-9a-fA-F]{8})/.exec(rest) ??
    /^([0-7]{1,3})/.exec(rest);
  if (coded !== null) {
    const code = parseInt(coded[1], coded[0] === coded[1] ? 8 : 16);
    const end = at + 1 + coded[0].length;
    if (code <= 0x10ffff) {
      if (code >= 0xd800 && code <= 0xdfff) {
        problems.add(
          trans.__(
            '“%1” is half of a surrogate pair, which no text can hold at run time.',
            source.slice(at, end)
          )
        );
      }
      builder.push(String.fromCodePoint(code), [at, end]);
      return end;
    }
  }
  const named = /^N\{([^{}'"\n]+)\}/.exec(rest);
  if (named !== null) {
    const end = at + 1 + named[0].length;
    const characters = context.lookup(named[1]);
    if (typeof characters === 'string') {
      builder.push(characters, [at, end]);
    } else {
      builder.push(source.slice(at, end), [at, end]);
      problems.add(
        characters === null
          ? trans.__('Unicode has no character named “%1”.', named[1])
          : trans.__('“%1” could not be looked up.', named[0])
      );
    }
    return end;
  }
  if (/^[xuUN]/.test(unit)) {
    problems.add(trans.__('“\\%1” is not a complete escape.', unit));
  }
  // Python keeps the backslash of an escape that it doesn't know.
  return verbatim(source, at, 1, builder);
}

/**
 * Braces of an f-string that may open nothing; behind so many none is looked
 * at, since each may be looked for to the string's end.
 */
const MAX_REFUSED = 16;

/** Decode the brace of an f-string at `at`; returns the position after it. */
function decodeBrace(
  source: string,
  at: number,
  to: number,
  braces: { refused: number },
  { trans }: IFindContext,
  { builder, fields, problems }: IDecoded
): number {
  const brace = source[at];
  if (source[at + 1] === brace && at + 1 < to) {
    builder.push(brace, [at, at + 2]);
    return at + 2;
  }
  const field =
    brace === '{' && braces.refused < MAX_REFUSED
      ? scanField(source, at, to)
      : null;
  if (field === null) {
    braces.refused += brace === '{' ? 1 : 0;
    problems.add(trans.__('A “%1” is unmatched.', brace));
    return verbatim(source, at, 1, builder);
  }
  const start = builder.length;
  charge(MARK + UNIT * (field.to - at));
  builder.push(source.slice(at, field.to), [at, field.to]);
  fields.push({
    name: field.expression.replace(/\s+/g, ' ') + field.format,
    expression: source.slice(at + 1, field.to - 1),
    value: [start, builder.length],
    wanted: field.expression,
    format: field.format
  });
  return field.to;
}

function verbatim(
  source: string,
  at: number,
  length: number,
  builder: MappedBuilder
): number {
  builder.push(source.slice(at, at + length), [at, at + length]);
  return at + length;
}
