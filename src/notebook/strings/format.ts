/** Templates of `str.format` and of the `%` operator. */
import { applyEdits } from '../../session/mapped';
import type { IEdit, IMapped } from '../../session/mapped';
import type { ITextRun } from '../../session/source';
import { charge } from '../values/meter';
import type { IFindContext, IFoundField } from './types';

/** Arguments that fill a template, as Python expressions. */
export interface IArguments {
  readonly positional: readonly string[];
  readonly keyword: ReadonlyMap<string, string>;
  /** Whether there may be more, from `*args` or a mapping. */
  readonly open: boolean;
}

/** A template: its value with escaped braces or percent signs made single. */
export interface IFormatted {
  readonly value: string;
  readonly map: readonly ITextRun[];
  readonly fields: readonly IFoundField[];
  readonly problems: readonly string[];
}

interface IPlaceholder {
  readonly from: number;
  readonly to: number;
  readonly field: Omit<IFoundField, 'value'>;
}

/** Cost of a placeholder, in units of about 20 ns. */
const PLACE = 100;

/** Read a `str.format` template. */
export function readFormat(
  text: IMapped,
  args: IArguments,
  { trans }: IFindContext
): IFormatted {
  const { value } = text;
  const edits: IEdit[] = [];
  const places: IPlaceholder[] = [];
  const problems = new Set<string>();
  const closing = closingBraces(value);
  let automatic = 0;
  for (let at = 0; at < value.length; at++) {
    const unit = value[at];
    if (unit !== '{' && unit !== '}') {
      continue;
    }
    charge(PLACE);
    if (value[at + 1] === unit) {
      edits.push({ from: at, to: at + 2, insert: unit });
      at++;
      continue;
    }
    const to = unit === '{' ? (closing.get(at) ?? null) : null;
    if (to === null) {
      problems.add(trans.__('A “%1” is unmatched.', unit));
      continue;
    }
    const inside = value.slice(at + 1, to - 1);
    const [, path, format] =
      /^((?:[^[!:]|\[[^\]]*\]?)*)([^]*)$/.exec(inside) ?? [];
    const [, first, rest] = /^([^.[]*)([^]*)$/.exec(path)!;
    const key = first === '' ? String(automatic++) : first;
    automatic += (format.match(/\{\}/g) ?? []).length;
    const argument = argumentOf(args, key);
    if (argument === undefined && !args.open) {
      problems.add(trans.__('No value for “%1”.', key));
    }
    const label =
      /^\d+$/.test(key) && argument !== undefined && isName(argument)
        ? argument
        : key;
    places.push({
      from: at,
      to,
      field: {
        name: label + rest + format,
        expression: inside,
        wanted: rest === '' ? (argument ?? null) : null,
        format
      }
    });
    at = to - 1;
  }
  return buildTemplate(text, edits, places, problems);
}

/** Read a template of the `%` operator. */
export function readPercent(
  text: IMapped,
  args: IArguments,
  { trans }: IFindContext
): IFormatted {
  const edits: IEdit[] = [];
  const places: IPlaceholder[] = [];
  const problems = new Set<string>();
  // The key's length is limited: it would be searched to the end from each
  // percent sign. A width doesn't begin with a zero, which is a flag: zeros
  // could otherwise be divided between the two in every way.
  const pattern =
    /%(?:\(([^)]{0,200})\))?([#0\- +]*)(\*|[1-9]\d*)?(\.(?:\*|\d*))?[hlL]?([diouxXeEfFgGcrsa%])|%/g;
  let position = 0;
  for (const match of text.value.matchAll(pattern)) {
    charge(PLACE);
    const [whole, key, flags, width, precision, type] = match;
    const from = match.index;
    const to = from + whole.length;
    if (type === '%') {
      edits.push({ from, to, insert: '%' });
      continue;
    }
    if (type === undefined) {
      problems.add(trans.__('A “%1” is unmatched.', '%'));
      continue;
    }
    position += (width === '*' ? 1 : 0) + (precision === '.*' ? 1 : 0);
    const name = key ?? String(position++);
    const argument = argumentOf(args, name);
    if (argument === undefined && !args.open) {
      problems.add(trans.__('No value for “%1”.', name));
    }
    const simple = flags === '' && width === undefined && !precision;
    places.push({
      from,
      to,
      field: {
        name:
          key ??
          (argument !== undefined && isName(argument)
            ? argument
            : String(position)),
        expression: whole,
        wanted: argument ?? null,
        format:
          simple && 'sdi'.includes(type)
            ? ''
            : simple && type === 'r'
              ? '!r'
              : whole
      }
    });
  }
  return buildTemplate(text, edits, places, problems);
}

/** A template whose edits are made and whose fields are found. */
export function buildTemplate(
  text: IMapped,
  edits: readonly IEdit[],
  places: readonly IPlaceholder[],
  problems: ReadonlySet<string>
): IFormatted {
  const edited = applyEdits(
    {
      ...text,
      fields: places.map(({ from, to, field }) => ({
        ...field,
        value: [from, to]
      }))
    },
    edits
  );
  return {
    value: edited.value,
    map: edited.map,
    fields: edited.fields.map(({ value }, index) => ({
      ...places[index].field,
      value
    })),
    problems: [...problems]
  };
}

function argumentOf(args: IArguments, key: string): string | undefined {
  return /^\d+$/.test(key)
    ? args.positional[Number(key)]
    : args.keyword.get(key);
}

/** Whether an expression is a name or a path of names, good to be shown. */
function isName(expression: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(
    expression
  );
}

/** For each brace that is closed, the position after the one that does it. */
function closingBraces(value: string): Map<number, number> {
  const closing = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '{') {
      open.push(at);
    } else if (value[at] === '}' && open.length > 0) {
      closing.set(open.pop()!, at + 1);
    }
  }
  return closing;
}
