/** How Python prints values: `str`, `repr`, and format specifications. */
import { repr } from '../strings/repr';
import { charge } from './meter';
import { stringOf, unitsOf } from './value';
import type { Value } from './value';

/** Containers within containers that are printed. */
const MAX_DEPTH = 8;

/** Longest text that is printed or padded to, in UTF-16 units. */
export const MAX_TEXT = 1_000_000;

/** Python prints no longer integers (`sys.int_info`). */
const MAX_DIGITS = 4_000;

/** `str(value)`; null where it isn't known exactly. */
export function printed(value: Value): string | null {
  return value.type === 'text' ? stringOf(value) : represented(value);
}

/** `repr(value)`; null where it isn't known exactly. */
export function represented(value: Value): string | null {
  return representedWithin(value, 0, { left: MAX_TEXT });
}

/**
 * @param room - for characters, of all values that one holds: as they may share
 *   their parts, they may be far more than the notebook's text.
 */
function representedWithin(
  value: Value,
  depth: number,
  room: { left: number }
): string | null {
  charge(20);
  room.left -= value.type === 'text' ? unitsOf(value) : 1;
  if (depth > MAX_DEPTH || room.left < 0) {
    return null;
  }
  switch (value.type) {
    case 'text': {
      const text = stringOf(value);
      return text === null || !isSurelyPrintable(text) ? null : repr(text);
    }
    case 'int': {
      charge(100);
      const text = String(value.value);
      return text.length > MAX_DIGITS ? null : text;
    }
    case 'float':
      return floatRepr(value.value);
    case 'bool':
      return value.value ? 'True' : 'False';
    case 'none':
      return 'None';
    case 'list':
    case 'tuple': {
      const items = value.items.map(item =>
        room.left < 0 ? null : representedWithin(item, depth + 1, room)
      );
      if (items.includes(null) || (value.type === 'list' && value.lost)) {
        return null;
      }
      return bounded(
        value.type === 'list'
          ? `[${items.join(', ')}]`
          : `(${items.join(', ')}${items.length === 1 ? ',' : ''})`
      );
    }
    case 'dict': {
      const items = [...value.entries.values()].map(([key, item]) => {
        const parts =
          room.left < 0
            ? [null]
            : [key, item].map(part => representedWithin(part, depth + 1, room));
        return parts.includes(null) ? null : parts.join(': ');
      });
      return items.includes(null) || value.lost
        ? null
        : bounded(`{${items.join(', ')}}`);
    }
    default:
      return null;
  }
}

/** `repr` of a float; null for infinities and not-a-number. */
export function floatRepr(value: number): string | null {
  if (!Number.isFinite(value)) {
    return null;
  }
  // Both languages print the fewest digits that make the same float.
  const [, sign, first, rest = '', power] =
    /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(value.toExponential())!;
  const minus = sign || (Object.is(value, -0) ? '-' : '');
  const digits = first + rest;
  const exponent = Number(power);
  if (exponent < -4 || exponent >= 16) {
    const mantissa = first + (rest ? `.${rest}` : '');
    const size = String(Math.abs(exponent)).padStart(2, '0');
    return `${minus}${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
  }
  if (exponent < 0) {
    return `${minus}0.${'0'.repeat(-exponent - 1)}${digits}`;
  }
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${minus}${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** A float with a number of decimals, rounded half to even as C does. */
export function fixed(value: number, decimals: number): string | null {
  if (!Number.isFinite(value) || decimals > 100) {
    return null;
  }
  charge(500 + 20 * decimals);
  const { numerator, denominator } = exactly(Math.abs(value));
  const scaled = numerator * 10n ** BigInt(decimals);
  let digits = scaled / denominator;
  const twice = 2n * (scaled % denominator);
  if (twice > denominator || (twice === denominator && digits % 2n === 1n)) {
    digits += 1n;
  }
  const text = String(digits).padStart(decimals + 1, '0');
  const cut = text.length - decimals;
  const minus = value < 0 || Object.is(value, -0) ? '-' : '';
  return minus + text.slice(0, cut) + (decimals ? `.${text.slice(cut)}` : '');
}

/** A float as the fraction that it is. */
function exactly(value: number): { numerator: bigint; denominator: bigint } {
  let denominator = 1n;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

interface ISpec {
  readonly fill: string;
  readonly align: string;
  readonly sign: string;
  readonly zero: boolean;
  readonly width: number;
  readonly group: string;
  readonly precision: number | null;
  readonly type: string;
}

function readSpec(spec: string): ISpec | null {
  const match =
    /^(?:([^])?([<>^=]))?([+\- ])?(0)?([1-9]\d{0,5})?([,_])?(?:\.(\d{1,3}))?([a-zA-Z%])?$/u.exec(
      spec
    );
  if (match === null) {
    return null;
  }
  const [, fill, align, sign, zero, width, group, precision, type] = match;
  return {
    fill: fill ?? ' ',
    align: align ?? '',
    sign: sign ?? '-',
    zero: zero !== undefined,
    width: Number(width ?? 0),
    group: group ?? '',
    precision: precision === undefined ? null : Number(precision),
    type: type ?? ''
  };
}

/** `format(value, spec)`; null where it isn't known, or raises. */
export function formatted(value: Value, spec: string): string | null {
  if (spec === '') {
    return printed(value);
  }
  const read = readSpec(spec);
  if (read === null) {
    return null;
  }
  switch (value.type) {
    case 'text':
      return formatText(stringOf(value), read);
    case 'int':
      return formatInt(value.value, read);
    case 'float':
      return formatFloat(value.value, read);
    default:
      return null;
  }
}

function formatText(text: string | null, spec: ISpec): string | null {
  const { sign, align, zero, group, precision, type } = spec;
  const isPlain = sign === '-' && align !== '=' && !zero && group === '';
  if (text === null || !isPlain || !['', 's'].includes(type)) {
    return null;
  }
  const points = Array.from(text);
  return pad(points.slice(0, precision ?? undefined).join(''), spec, '<');
}

function formatInt(value: bigint, spec: ISpec): string | null {
  const bases: Record<string, number> = { b: 2, o: 8, x: 16, X: 16 };
  const base = spec.type in bases ? bases[spec.type] : null;
  if (base === null && spec.type !== '' && spec.type !== 'd') {
    const float = Number(value);
    return Number.isSafeInteger(float) ? formatFloat(float, spec) : null;
  }
  const digits = String((value < 0n ? -value : value).toString(base ?? 10));
  if (
    spec.precision !== null ||
    digits.length > MAX_DIGITS ||
    (base !== null && spec.group !== '')
  ) {
    return null;
  }
  const cased = spec.type === 'X' ? digits.toUpperCase() : digits;
  return formatNumber(value < 0n, cased, '', spec);
}

function formatFloat(value: number, spec: ISpec): string | null {
  const { type, precision } = spec;
  let text: string | null = null;
  if (type === '' && precision === null) {
    text = floatRepr(value);
  } else if (type === 'f' || type === 'F') {
    text = fixed(value, precision ?? 6);
  } else if (type === '%') {
    text = fixed(value * 100, precision ?? 6);
  }
  const match = /^(-?)(\d+)([^]*)$/.exec(text ?? '');
  if (match === null) {
    return null;
  }
  const [, minus, whole, rest] = match;
  const tail = rest + (type === '%' ? '%' : '');
  return formatNumber(minus === '-', whole, tail, spec);
}

/** A number's sign, digits and the rest of it, grouped and padded. */
function formatNumber(
  isNegative: boolean,
  digits: string,
  rest: string,
  spec: ISpec
): string | null {
  const { group, zero, align, width } = spec;
  if (group !== '' && (zero || align === '=')) {
    return null; // Groups in the padding, too.
  }
  const sign = isNegative ? '-' : spec.sign === '-' ? '' : spec.sign;
  const grouped = group ? digits.replace(/\B(?=(\d{3})+$)/g, group) : digits;
  const body = grouped + rest;
  if (align === '=' || (zero && align === '')) {
    const fill = align === '=' && !zero ? spec.fill : '0';
    if (align === '=' && zero) {
      return null;
    }
    return (
      sign + fill.repeat(Math.max(width - sign.length - body.length, 0)) + body
    );
  }
  return zero ? null : pad(sign + body, spec, '>');
}

function pad(text: string, spec: ISpec, usual: string): string {
  return aligned(text, spec.width, spec.fill, spec.align || usual);
}

/** A text padded to a width in characters. */
export function aligned(
  text: string,
  width: number,
  fill: string,
  align: string
): string {
  const missing = Math.max(width - Array.from(text).length, 0);
  const left =
    align === '<' ? 0 : align === '>' ? missing : Math.floor(missing / 2);
  return fill.repeat(left) + text + fill.repeat(missing - left);
}

/** Characters that all of today's Pythons agree are printable, or aren't. */
export function isSurelyPrintable(text: string): boolean {
  return /^[\0-\u036f\u2010-\u2029\u3040-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3\u{1f300}-\u{1f64f}]*$/u.test(
    text
  );
}

function bounded(text: string): string | null {
  return text.length > MAX_TEXT ? null : text;
}
