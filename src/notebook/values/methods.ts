/** Python's pure methods of strings, where they are the same in all Pythons. */
import { applyEdits } from '../../session/mapped';
import { charge } from './meter';
import { opened } from './puts';
import { aligned, MAX_TEXT } from './print';
import { step } from './steps';
import { concat, cutText, isTooLong } from './text';
import { bool, computed, int, stringOf } from './value';
import type { IPiece, ITextValue, Value } from './value';

/** Most pieces that a text is split into. */
const MAX_ITEMS = 10_000;

/** What `str.isspace` says of single characters. */
const SPACE =
  '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';

/** What `str.splitlines` ends lines at. */
const LINE_END = '\\r\\n|[\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029]';

/** Letters whose cases all Unicode versions, and both languages, agree on. */
const SURE_CASES = /^[\0-\xa9\xab-\xb4\xb6-\xb9\xbb-\xde\xe0-\xfe]*$/;

type Method = (
  text: ITextValue,
  string: string,
  args: readonly Value[]
) => Value | null;

const cases: (change: (string: string) => string) => Method =
  change => (text, string, args) => {
    if (args.length > 0 || !SURE_CASES.test(string)) {
      return null;
    }
    // One character of these becomes one: the way back stays.
    const changed = change(string);
    let at = 0;
    const pieces = text.pieces.map((piece): IPiece => {
      const start = at;
      at += piece.text.length;
      const { cell, map } = piece;
      return { text: changed.slice(start, at), cell, map };
    });
    return { type: 'text', pieces, whole: null };
  };

const test: (isSo: (string: string, part: string) => boolean) => Method =
  isSo => (_, string, args) => {
    const parts = args.length === 1 ? stringsOf(args[0]) : null;
    return parts && bool(parts.some(part => isSo(string, part)));
  };

const strip: (name: 'strip' | 'lstrip' | 'rstrip') => Method =
  name => (text, _, args) => {
    const chars = args.length === 1 ? stringOf(args[0]) : undefined;
    const isNone = args.length === 1 && args[0].type === 'none';
    if (args.length > 1 || (chars === null && !isNone)) {
      return null;
    }
    return step(text, { name, chars: chars ?? undefined });
  };

const justify: (align: string) => Method = align => (_, string, args) => {
  const [width, fill = computed(' ')] = args;
  const mark = stringOf(fill);
  if (
    width?.type !== 'int' ||
    args.length > 2 ||
    mark === null ||
    Array.from(mark).length !== 1 ||
    width.value > MAX_TEXT
  ) {
    return null;
  }
  const wanted = Number(width.value);
  if (align !== '^') {
    return computed(aligned(string, wanted, mark, align));
  }
  // Of an odd number, `center` puts more on the left of an odd width.
  const missing = Math.max(wanted - Array.from(string).length, 0);
  const left = Math.floor(missing / 2) + (missing & wanted & 1);
  return computed(mark.repeat(left) + string + mark.repeat(missing - left));
};

const find: (isLast: boolean, raises: boolean) => Method =
  (isLast, raises) => (_, string, args) => {
    const part = args.length === 1 ? stringOf(args[0]) : null;
    if (part === null) {
      return null;
    }
    const at = isLast ? string.lastIndexOf(part) : string.indexOf(part);
    return at === -1 && raises
      ? null
      : int(at === -1 ? -1 : Array.from(string.slice(0, at)).length);
  };

const METHODS: Readonly<Record<string, Method>> = {
  capitalize: cases(
    s => s.slice(0, 1).toUpperCase() + s.slice(1).toLowerCase()
  ),
  center: justify('^'),
  count: (_, string, args) => {
    const part = args.length === 1 ? stringOf(args[0]) : null;
    return part ? int(string.split(part).length - 1) : null;
  },
  endswith: test((string, part) => string.endsWith(part)),
  find: find(false, false),
  index: find(false, true),
  isdigit: (_, string, args) =>
    args.length === 0 && isAscii(string) ? bool(/^[0-9]+$/.test(string)) : null,
  ljust: justify('<'),
  lower: cases(string => string.toLowerCase()),
  lstrip: strip('lstrip'),
  partition: (text, string, args) => parted(text, string, args, false),
  removeprefix: (text, string, args) => {
    const part = args.length === 1 ? stringOf(args[0]) : null;
    return part === null
      ? null
      : string.startsWith(part)
        ? cutText(text, part.length, string.length)
        : text;
  },
  removesuffix: (text, string, args) => {
    const part = args.length === 1 ? stringOf(args[0]) : null;
    return part === null
      ? null
      : part !== '' && string.endsWith(part)
        ? cutText(text, 0, string.length - part.length)
        : text;
  },
  replace: (text, string, args) => {
    const [old, inserted] = args.map(stringOf);
    if (args.length !== 2 || !old || typeof inserted !== 'string') {
      return null;
    }
    return replaced(text, string, old, inserted);
  },
  rfind: find(true, false),
  rindex: find(true, true),
  rjust: justify('>'),
  rpartition: (text, string, args) => parted(text, string, args, true),
  rstrip: strip('rstrip'),
  split: (text, string, args) => split(text, string, args),
  splitlines: (text, string, args) =>
    args.length === 0 ? lines(text, string) : null,
  startswith: test((string, part) => string.startsWith(part)),
  strip: strip('strip'),
  swapcase: cases(string =>
    Array.from(string, unit =>
      unit === unit.toUpperCase() ? unit.toLowerCase() : unit.toUpperCase()
    ).join('')
  ),
  title: cases(string =>
    string
      .toLowerCase()
      .replace(
        /(^|[^a-z\xe0-\xf6\xf8-\xfe])([a-z\xe0-\xf6\xf8-\xfe])/g,
        (_, before: string, letter: string) => before + letter.toUpperCase()
      )
  ),
  upper: cases(string => string.toUpperCase()),
  zfill: (_, string, args) => {
    const [width] = args;
    if (args.length !== 1 || width.type !== 'int' || width.value > MAX_TEXT) {
      return null;
    }
    const sign = /^[+-]/.exec(string)?.[0] ?? '';
    const missing = Number(width.value) - Array.from(string).length;
    return computed(
      sign + '0'.repeat(Math.max(missing, 0)) + string.slice(sign.length)
    );
  }
};

/** Whether a string's method is pure and known here. */
export function isTextMethod(name: string): boolean {
  return Object.hasOwn(METHODS, name) || name === 'join';
}

/** Call a method of a known string; null where what it gives isn't known. */
export function callText(
  text: ITextValue,
  name: string,
  args: readonly Value[]
): Value | null {
  if (name === 'join') {
    return args.length === 1 ? join(text, args[0]) : null;
  }
  const string = stringOf(text);
  const isStep = /^[lr]?strip$/.test(name);
  return (string === null && !isStep) || !Object.hasOwn(METHODS, name)
    ? null
    : METHODS[name](text, string ?? '', args);
}

/** Join the texts of a list or tuple; parts may be open. */
function join(between: ITextValue, items: Value): Value | null {
  if (items.type !== 'list' && items.type !== 'tuple') {
    return null;
  }
  if (items.type === 'list' && items.lost) {
    return null;
  }
  const texts: ITextValue[] = [];
  for (const value of items.items) {
    const item = opened(value);
    if (item.type !== 'text') {
      return null;
    }
    if (texts.length > 0) {
      texts.push(between);
    }
    texts.push(item);
  }
  const own = stringOf(between);
  return own === null || isTooLong(texts) ? null : concat(texts);
}

function replaced(
  text: ITextValue,
  string: string,
  old: string,
  inserted: string
): Value | null {
  const count = string.split(old).length - 1;
  if (string.length + count * inserted.length > MAX_TEXT) {
    return null;
  }
  if (text.pieces.length !== 1) {
    return computed(string.replaceAll(old, () => inserted));
  }
  const [piece] = text.pieces;
  charge(50 * (count + piece.map.length));
  const edits = [];
  for (let at = string.indexOf(old); at !== -1;) {
    edits.push({ from: at, to: at + old.length, insert: inserted });
    at = string.indexOf(old, at + old.length);
  }
  const mapped = { value: piece.text, map: piece.map, fields: [] };
  const { value, map } = applyEdits(mapped, edits);
  return {
    type: 'text',
    pieces: [{ text: value, cell: piece.cell, map }],
    whole: null
  };
}

function split(
  text: ITextValue,
  string: string,
  args: readonly Value[]
): Value | null {
  const [separator] = args;
  if (args.length > 1) {
    return null;
  }
  if (separator === undefined || separator.type === 'none') {
    charge(string.length);
    const words = string.matchAll(new RegExp(`(?:(?!${SPACE})[^])+`, 'g'));
    return cutAll(
      text,
      Array.from(words, ({ 0: word, index }) => [index, index + word.length])
    );
  }
  const mark = stringOf(separator);
  if (!mark) {
    return null;
  }
  let at = 0;
  charge(string.length / 10);
  return cutAll(
    text,
    string.split(mark).map(part => {
      const start = at;
      at += part.length + mark.length;
      return [start, start + part.length];
    })
  );
}

function cutAll(
  text: ITextValue,
  spans: readonly (readonly [number, number])[]
): Value | null {
  return spans.length * text.pieces.length > MAX_ITEMS
    ? null
    : list(spans.map(([from, to]) => cutText(text, from, to)));
}

function lines(text: ITextValue, string: string): Value | null {
  const found: ITextValue[] = [];
  let start = 0;
  for (const { 0: end, index } of string.matchAll(new RegExp(LINE_END, 'g'))) {
    if (found.length * text.pieces.length > MAX_ITEMS) {
      return null;
    }
    found.push(cutText(text, start, index));
    start = index + end.length;
  }
  return list(
    start < string.length
      ? [...found, cutText(text, start, string.length)]
      : found
  );
}

function parted(
  text: ITextValue,
  string: string,
  args: readonly Value[],
  isLast: boolean
): Value | null {
  const mark = args.length === 1 ? stringOf(args[0]) : null;
  if (!mark) {
    return null;
  }
  const at = isLast ? string.lastIndexOf(mark) : string.indexOf(mark);
  if (at === -1) {
    const none = computed('');
    return {
      type: 'tuple',
      items: isLast ? [none, none, text] : [text, none, none]
    };
  }
  return {
    type: 'tuple',
    items: [
      cutText(text, 0, at),
      args[0],
      cutText(text, at + mark.length, string.length)
    ]
  };
}

/** The strings of a string or of a tuple of them. */
function stringsOf(value: Value): string[] | null {
  const items = value.type === 'tuple' ? value.items : [value];
  const strings = items.map(stringOf);
  return strings.includes(null) ? null : (strings as string[]);
}

function list(items: readonly Value[]): Value | null {
  return items.length > MAX_ITEMS ? null : { type: 'list', items, lost: null };
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
