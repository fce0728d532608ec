/** Filling `str.format` and `%` templates with known values. */
import { aligned, formatted, printed, represented } from './print';
import { charge } from './meter';
import { putIn } from './puts';
import { item } from './operators';
import { concat, cutText, isTooLong, openPiece, placeIn } from './text';
import { computed, stringOf, unknown } from './value';
import type { IBinding, IPlace, ITextValue, Value } from './value';

/** What a template is filled with. */
export interface IFilling {
  readonly positional: readonly IBinding[];
  readonly keyword: ReadonlyMap<string, IBinding>;
  /** Why there may be more than these; null where these are all. */
  readonly open: Value | null;
}

/** A field of a template, and what fills it. */
export interface IFilled {
  /** Where its brace or percent sign stands. */
  readonly place: IPlace | null;
  readonly binding: IBinding;
}

/** A filled template; `value` is null where filling it raises or isn't known. */
export interface IFilledTemplate {
  readonly value: ITextValue | null;
  readonly fields: readonly IFilled[];
}

/** Fill a `str.format` template, of whose parts none is open. */
export function fillFormat(
  template: ITextValue,
  filling: IFilling,
  place: IPlace
): IFilledTemplate {
  const string = stringOf(template)!;
  const parts: ITextValue[] = [];
  const fields: IFilled[] = [];
  let isRight = true;
  let automatic = 0;
  let isNumbered = false;
  let at = 0;
  const brace = /[{}]/g;
  const written =
    /\{([^{}[\]!:.]*)((?:\.[^{}[\]!:.]+|\[[^{}[\]]+\])*)(?:!([rsa]))?(?::((?:[^{}]|\{[^{}]*\})*))?\}/y;
  const nameOf = (name: string) => {
    isNumbered ||= /^\d+$/.test(name);
    return name === '' ? String(automatic++) : name;
  };
  while (at < string.length && isRight) {
    brace.lastIndex = at;
    const next = brace.exec(string);
    const end = next === null ? string.length : next.index;
    if (end > at) {
      parts.push(cutText(template, at, end));
      at = end;
    }
    if (next === null) {
      break;
    }
    if (string[at + 1] === string[at]) {
      parts.push(cutText(template, at, at + 1));
      at += 2;
      continue;
    }
    written.lastIndex = at;
    const match = written.exec(string);
    if (match === null) {
      isRight = false;
      break;
    }
    charge(100);
    const [field, name, path, conversion, spec = ''] = match;
    const bound = argument(filling, nameOf(name), place);
    const inner = follow(bound, path, place);
    const filledSpec = spec.replace(/\{([^{}]*)\}/g, (_, key: string) => {
      const value = argument(filling, nameOf(key), place).value;
      return printed(value) ?? '\0';
    });
    const value: Value =
      inner.type === 'choice'
        ? {
            ...inner,
            options: inner.options.map(option => ({
              ...option,
              value: shown(option.value, conversion ?? '', filledSpec, place)
            }))
          }
        : shown(inner, conversion ?? '', filledSpec, place);
    fields.push({
      place: placeIn(template, at),
      binding: { ...bound, value }
    });
    const label = (name || String(automatic - 1)) + path;
    parts.push(partOf(value, template, at, field, label));
    at += field.length;
  }
  const isMixed = automatic > 0 && isNumbered;
  return { value: isRight && !isMixed ? joined(parts) : null, fields };
}

/** Fill a `%` template, of whose parts none is open. */
export function fillPercent(
  template: ITextValue,
  filling: IFilling,
  place: IPlace
): IFilledTemplate {
  const string = stringOf(template)!;
  const parts: ITextValue[] = [];
  const fields: IFilled[] = [];
  let at = 0;
  let position = 0;
  let isRight = true;
  const pattern =
    /%(?:\(([^()]{0,200})\))?(-?)([1-9]\d{0,5})?(?:\.(\d{1,3}))?([diufFrs%])|%/g;
  for (const match of string.matchAll(pattern)) {
    charge(100);
    const [written, key, minus, width, precision, type] = match;
    if (match.index > at) {
      parts.push(cutText(template, at, match.index));
    }
    at = match.index + written.length;
    if (written === '%%') {
      parts.push(computed('%'));
      continue;
    }
    if (type === undefined || type === '%') {
      isRight = false;
      break;
    }
    const name = key ?? String(position++);
    const bound = argument(filling, name, place);
    const text = percent(bound.value, type, precision);
    const value: Value =
      bound.value.type === 'unknown'
        ? bound.value
        : text === null
          ? unknown('run', place)
          : width === undefined
            ? text
            : computed(
                aligned(stringOf(text)!, Number(width), ' ', minus ? '<' : '>')
              );
    fields.push({
      place: placeIn(template, match.index),
      binding: { ...bound, value }
    });
    parts.push(partOf(value, template, match.index, written, name));
  }
  if (at < string.length) {
    parts.push(cutText(template, at, string.length));
  }
  const isAll =
    filling.open === null &&
    (filling.keyword.size > 0 || position === filling.positional.length);
  return { value: isRight && isAll ? joined(parts) : null, fields };
}

function percent(
  value: Value,
  type: string,
  precision: string | undefined
): ITextValue | null {
  if (type === 's' || type === 'r') {
    if (type === 's' && value.type === 'text' && precision === undefined) {
      return stringOf(value) === null ? null : value;
    }
    const text = type === 's' ? printed(value) : represented(value);
    return text === null
      ? null
      : computed(
          precision === undefined
            ? text
            : Array.from(text).slice(0, Number(precision)).join('')
        );
  }
  if (type === 'f' || type === 'F') {
    const isNumber = value.type === 'int' || value.type === 'float';
    const text = isNumber ? formatted(value, `.${precision ?? 6}f`) : null;
    return text === null ? null : computed(text);
  }
  const text =
    value.type === 'int' && precision === undefined ? printed(value) : null;
  return text === null ? null : computed(text);
}

function argument(filling: IFilling, key: string, place: IPlace): IBinding {
  const bound = /^\d+$/.test(key)
    ? filling.positional[Number(key)]
    : filling.keyword.get(key);
  return bound ?? { value: filling.open ?? unknown('run', place), place };
}

/** What `.name` and `[key]` after a field's name lead to. */
function follow(bound: IBinding, path: string, place: IPlace): Value {
  let { value } = bound;
  for (const [, name] of path.matchAll(/\.[^.[\]]+|\[([^[\]]+)\]/g)) {
    if (value.type === 'unknown') {
      return value;
    }
    const index: Value = /^\d+$/.test(name ?? '')
      ? { type: 'int', value: BigInt(name) }
      : computed(name ?? '');
    const found = name === undefined ? null : item(value, index);
    value = found ?? unknown('run', place);
  }
  return value;
}

/**
 * A value as a replacement field shows it: a text, or unknown.
 *
 * @param conversion - `r`, `s`, `a` or nothing.
 */
export function shown(
  value: Value,
  conversion: string,
  spec: string,
  place: IPlace
): Value {
  if (value.type === 'unknown') {
    return value;
  }
  if ((value.type === 'list' || value.type === 'dict') && value.lost) {
    return { type: 'unknown', why: value.lost };
  }
  if (conversion === '' || conversion === 's') {
    if (value.type === 'text' && spec === '') {
      return value;
    }
  }
  let text: string | null;
  if (conversion === '') {
    text = spec.includes('\0') ? null : formatted(value, spec);
  } else {
    const converted =
      conversion === 's'
        ? printed(value)
        : conversion === 'r'
          ? represented(value)
          : null;
    text = converted === null ? null : formatted(computed(converted), spec);
  }
  return text === null ? unknown('run', place) : computed(text);
}

/** A field's part of the text: open where its value isn't known. */
export function partOf(
  value: Value,
  template: ITextValue,
  at: number,
  written: string,
  name: string
): ITextValue {
  const where = placeIn(template, at);
  const put = where && {
    cell: where.cell,
    from: where.at,
    to: where.at + written.length,
    written,
    name,
    wanted: null,
    format: ''
  };
  if (value.type === 'text') {
    return put === null ? value : putIn(value, put);
  }
  const why =
    value.type === 'unknown'
      ? value.why
      : { cause: 'run' as const, place: where ?? { cell: -1, at: 0 } };
  return {
    type: 'text',
    pieces: [
      {
        ...openPiece(written, where?.cell ?? -1, where?.at ?? 0, why),
        ...(put && { via: { put, depth: 1 } })
      }
    ],
    whole: null
  };
}

export function joined(parts: readonly ITextValue[]): ITextValue | null {
  return isTooLong(parts) ? null : concat(parts);
}
