/** Python's operators and subscripts on known values. */
import { MappedBuilder } from '../../session/mapped';
import { charge } from './meter';
import { MAX_TEXT } from './print';
import { concat, cutText, isTooLong } from './text';
import { computed, int, keyOf, stringOf } from './value';
import type { ITextValue, Value } from './value';

/** Bits of the largest integer that is computed. */
const MAX_BITS = 4_096n;
const MAX_INTEGER = 1n << MAX_BITS;

/** Most items of a list that is made. */
export const MAX_ITEMS = 10_000;

/** `left operator right`; null where what it gives isn't known. */
export function operate(
  operator: string,
  left: Value,
  right: Value
): Value | null {
  if (operator === '+') {
    return add(left, right);
  }
  if (operator === '*' && right.type === 'int' && left.type !== 'int') {
    return repeat(left, right.value);
  }
  if (operator === '*' && left.type === 'int' && right.type !== 'int') {
    return repeat(right, left.value) ?? arithmetic(operator, left, right);
  }
  return arithmetic(operator, left, right);
}

function add(left: Value, right: Value): Value | null {
  if (left.type === 'text' && right.type === 'text') {
    charge(left.pieces.length + right.pieces.length);
    return isTooLong([left, right]) ? null : concat([left, right]);
  }
  const isPair = left.type === 'list' || left.type === 'tuple';
  if (isPair && right.type === left.type) {
    if (left.items.length + right.items.length > MAX_ITEMS) {
      return null;
    }
    const items = [...left.items, ...right.items];
    if (left.type === 'tuple') {
      return { type: 'tuple', items };
    }
    const isLost = left.lost || (right.type === 'list' && right.lost);
    return isLost ? null : { type: 'list', items, lost: null };
  }
  return arithmetic('+', left, right);
}

function repeat(value: Value, count: bigint): Value | null {
  const times = Number(count > 0n ? count : 0n);
  if (value.type === 'text') {
    const string = stringOf(value);
    return string === null || string.length * times > MAX_TEXT
      ? null
      : times === 1
        ? value
        : repeated(value, string, times);
  }
  if (value.type === 'list' || value.type === 'tuple') {
    const isLost = value.type === 'list' && value.lost;
    if (isLost || value.items.length * times > MAX_ITEMS) {
      return null;
    }
    const items = Array.from({ length: times }, () => value.items).flat();
    return value.type === 'list'
      ? { type: 'list', items, lost: null }
      : { type: 'tuple', items };
  }
  return null;
}

/** A text some times; each comes from all of its literal. */
function repeated(text: ITextValue, string: string, times: number): ITextValue {
  const [piece, ...others] = text.pieces;
  const runs = piece?.map ?? [];
  const whole = string.repeat(times);
  if (others.length > 0 || runs.length === 0 || whole === '') {
    return computed(whole);
  }
  const source = [runs[0].source[0], runs[runs.length - 1].source[1]] as const;
  const builder = new MappedBuilder();
  // In two runs, of which none is as long as its source by chance.
  const head = whole.length === source[1] - source[0] ? 1 : whole.length;
  builder.push(whole.slice(0, head), source);
  builder.push(whole.slice(head), source);
  const { value, map } = builder.build();
  return {
    type: 'text',
    pieces: [{ text: value, map, cell: piece.cell }],
    whole: null
  };
}

function arithmetic(operator: string, left: Value, right: Value): Value | null {
  if (left.type === 'int' && right.type === 'int') {
    return onIntegers(operator, left.value, right.value);
  }
  const one = floatOf(left);
  const other = floatOf(right);
  if (one === null || other === null) {
    return null;
  }
  let value: number;
  switch (operator) {
    case '+':
      value = one + other;
      break;
    case '-':
      value = one - other;
      break;
    case '*':
      value = one * other;
      break;
    case '/':
      value = one / other;
      break;
    default:
      return null;
  }
  return Number.isFinite(value) ? { type: 'float', value } : null;
}

function onIntegers(
  operator: string,
  one: bigint,
  other: bigint
): Value | null {
  switch (operator) {
    case '+':
      return bounded(one + other);
    case '-':
      return bounded(one - other);
    case '*':
      return bounded(one * other);
    case '/':
      // Of larger ones the quotient is rounded otherwise.
      return isSafe(one) && isSafe(other) && other !== 0n
        ? { type: 'float', value: Number(one) / Number(other) }
        : null;
    case '//':
      return other === 0n ? null : int(floorDivide(one, other));
    case '%':
      return other === 0n ? null : int(one - floorDivide(one, other) * other);
    case '**':
      return other >= 0n && other <= MAX_BITS && one < 256n && one > -256n
        ? bounded(one ** other)
        : null;
    case '&':
      return int(one & other);
    case '|':
      return int(one | other);
    case '^':
      return int(one ^ other);
    case '<<':
      return other >= 0n && other <= MAX_BITS ? bounded(one << other) : null;
    case '>>':
      return other >= 0n && other <= MAX_BITS ? int(one >> other) : null;
    default:
      return null;
  }
}

function floorDivide(one: bigint, other: bigint): bigint {
  const quotient = one / other;
  const isExact = quotient * other === one;
  return isExact || one < 0n === other < 0n ? quotient : quotient - 1n;
}

function bounded(value: bigint): Value | null {
  return value < MAX_INTEGER && value > -MAX_INTEGER ? int(value) : null;
}

function isSafe(value: bigint): boolean {
  return Number.isSafeInteger(Number(value));
}

/** A number as a float; null for those that aren't one exactly. */
export function floatOf(value: Value): number | null {
  return value.type === 'float'
    ? value.value
    : value.type === 'int' && isSafe(value.value)
      ? Number(value.value)
      : null;
}

/** `-value`, `+value`, `~value`. */
export function negate(operator: string, value: Value): Value | null {
  if (value.type === 'int') {
    return operator === '-'
      ? int(-value.value)
      : operator === '~'
        ? int(~value.value)
        : value;
  }
  return value.type !== 'float' || operator === '~'
    ? null
    : operator === '-'
      ? { type: 'float', value: -value.value }
      : value;
}

/** `bool(value)`; null where it isn't known. */
export function truth(value: Value): boolean | null {
  switch (value.type) {
    case 'text': {
      const text = stringOf(value);
      return text === null ? null : text !== '';
    }
    case 'int':
      return value.value !== 0n;
    case 'float':
      return value.value !== 0;
    case 'bool':
      return value.value;
    case 'none':
      return false;
    case 'tuple':
      return value.items.length > 0;
    case 'list':
      return value.lost ? null : value.items.length > 0;
    case 'dict':
      return value.lost ? null : value.entries.size > 0;
    default:
      return null;
  }
}

/** `value[index]`; null where what it gives isn't known. */
export function item(value: Value, index: Value): Value | null {
  if (value.type === 'dict') {
    const key = keyOf(index);
    return value.lost || key === null
      ? null
      : (value.entries.get(key)?.[1] ?? null);
  }
  if (index.type !== 'int') {
    return null;
  }
  const length = lengthOf(value);
  if (length === null) {
    return null;
  }
  const at = Number(index.value) + (index.value < 0n ? length : 0);
  if (at < 0 || at >= length) {
    return null;
  }
  return value.type === 'text'
    ? cutPoints(value, at, at + 1)
    : (value as { items: readonly Value[] }).items[at];
}

/** `value[start:stop:step]`; null where what it gives isn't known. */
export function slice(
  value: Value,
  bounds: readonly (Value | null)[]
): Value | null {
  const length = lengthOf(value);
  const [start, stop, by = null] = bounds;
  if (length === null || (by !== null && !isOne(by))) {
    return null;
  }
  const from = boundOf(start, 0, length);
  const to = boundOf(stop, length, length);
  if (from === null || to === null) {
    return null;
  }
  if (value.type === 'text') {
    return cutPoints(value, from, Math.max(from, to));
  }
  const { items } = value as { items: readonly Value[] };
  const cut = items.slice(from, Math.max(from, to));
  return value.type === 'list'
    ? { type: 'list', items: cut, lost: null }
    : { type: 'tuple', items: cut };
}

function isOne(value: Value): boolean {
  return value.type === 'none' || (value.type === 'int' && value.value === 1n);
}

function boundOf(
  value: Value | null,
  usual: number,
  length: number
): number | null {
  if (value === null || value.type === 'none') {
    return usual;
  }
  if (value.type !== 'int') {
    return null;
  }
  const at = Number(value.value);
  return Math.min(Math.max(at < 0 ? at + length : at, 0), length);
}

/** `len(value)`; null where it isn't known. */
export function lengthOf(value: Value): number | null {
  switch (value.type) {
    case 'text': {
      const text = stringOf(value);
      charge((text ?? '').length / 2);
      return text === null ? null : Array.from(text).length;
    }
    case 'list':
      return value.lost ? null : value.items.length;
    case 'tuple':
      return value.items.length;
    case 'dict':
      return value.lost ? null : value.entries.size;
    default:
      return null;
  }
}

/** The characters `[from, to)` of a text. */
function cutPoints(text: ITextValue, from: number, to: number): ITextValue {
  const string = stringOf(text)!;
  if (!/[\ud800-\udfff]/.test(string)) {
    return cutText(text, from, to);
  }
  charge(string.length);
  const points = Array.from(string);
  const start = points.slice(0, from).join('').length;
  const end = start + points.slice(from, to).join('').length;
  return cutText(text, start, end);
}
