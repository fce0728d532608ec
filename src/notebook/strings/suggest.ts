/** Values for a template's fields, from what the notebook's sources say. */
import type { Parser } from '@lezer/common';

import type { ISuggestion } from '../../session/source';
import { knownOf } from './facts';
import type {
  IAssignment,
  ICall,
  IFacts,
  IFunction,
  IKnownLiteral,
  Known
} from './facts';
import { parsing } from './pieces';
import type { Work } from './pieces';
import type { IFindContext, IFoundField, IFoundText } from './types';

/** Names of names of names: an end for what may go in a circle. */
const MAX_ALIASES = 8;

/** Names that are looked for of one field: calls of calls are very many ways. */
const MAX_LOOKS = 200;

/** The same of all fields together. */
const MAX_ALL_LOOKS = 2_000;

/** Fields that values are looked for; and an expression's longest. */
const MAX_FIELDS = 500;
const MAX_EXPRESSION = 10_000;

/** A cell's facts, and its number in the notebook, from 1. */
export interface ICellFacts {
  readonly facts: IFacts;
  readonly number: number;
}

/** A place in the notebook: a cell, by its index in the list, and where in it. */
interface IPlace {
  readonly cell: number;
  readonly at: number;
  readonly scope: IFunction | null;
}

/** A call, and the index of its cell. */
interface ICallAt {
  readonly call: ICall;
  readonly cell: number;
}

/** What all cells say of names, by name and in order. */
interface IIndex {
  readonly assignments: Map<
    string,
    { readonly assignment: IAssignment; readonly place: IPlace }[]
  >;
  readonly calls: Map<string, ICallAt[]>;
}

/**
 * Suggest values for a text's fields.
 *
 * A parameter of the function around the text takes what its calls pass, the
 * nearest call below first, since functions are called after they are defined;
 * any other name, and an argument that is a name, takes the nearest assignment
 * above, else the nearest below: a notebook's cells are run in any order.
 *
 * Expressions may be long and make no sense: see `parsing`.
 *
 * @param text - a text of cell `cells[index]`
 */
export function* suggest(
  text: IFoundText,
  cells: readonly ICellFacts[],
  index: number,
  parser: Parser,
  context: IFindContext
): Work<Record<string, ISuggestion>> {
  const { trans } = context;
  const at = text.span[0];
  const scope = innermost(cells[index].facts.functions, at);
  const suggestions: Record<string, ISuggestion> = {};
  const known = indexOf(cells);
  const seen = new Set<string>();
  let looks = 0;
  let allLooks = 0;
  for (const field of text.fields) {
    // The same name twice is the same variable.
    if (seen.has(field.name) || seen.size >= MAX_FIELDS) {
      continue;
    }
    seen.add(field.name);
    looks = 0;
    const place = field.asked
      ? {
          ...field.asked,
          scope: innermost(
            cells[field.asked.cell].facts.functions,
            field.asked.at
          )
        }
      : { cell: index, at, scope };
    const wanted = field.wanted === null ? null : yield* read(field.wanted);
    const value =
      wanted === null
        ? null
        : 'text' in wanted
          ? { known: wanted, from: cellName(place.cell) }
          : resolve(wanted.name, place, 0);
    const shown = value === null ? null : format(value.known, field);
    if (value !== null && shown !== null) {
      suggestions[field.name] = { value: shown, from: value.from };
    }
  }
  return suggestions;

  function* read(expression: string): Work<Known | null> {
    if (expression.length > MAX_EXPRESSION) {
      return null;
    }
    const root = (yield* parsing(parser, expression)).topNode;
    const node = root.firstChild?.firstChild;
    return node && node.from === 0 && node.to === expression.length
      ? knownOf(node, expression, context)
      : null;
  }

  function cellName(cell: number): string {
    return trans.__('cell %1', cells[cell].number);
  }

  function resolve(
    name: string,
    place: IPlace,
    depth: number
  ): { known: IKnownLiteral; from: string } | null {
    looks++;
    allLooks++;
    if (depth > MAX_ALIASES || looks > MAX_LOOKS || allLooks > MAX_ALL_LOOKS) {
      return null;
    }
    const own = place.scope;
    if (own !== null) {
      const local = nearest(name, place, own);
      if (local !== null) {
        return follow(local.known, local.place, depth);
      }
      if (own.parameters.has(name)) {
        const passed = passedTo(own, name, place, depth);
        if (passed !== null) {
          return passed;
        }
      }
    }
    const assigned = nearest(name, place, null);
    if (assigned !== null) {
      return follow(assigned.known, assigned.place, depth);
    }
    const initial = own?.defaults.get(name);
    return initial !== undefined && 'text' in initial
      ? { known: initial, from: trans.__('default value') }
      : null;
  }

  function follow(
    known: Known,
    place: IPlace,
    depth: number
  ): ReturnType<typeof resolve> {
    return 'text' in known
      ? { known, from: cellName(place.cell) }
      : resolve(known.name, place, depth + 1);
  }

  /** What calls of a function pass for one of its parameters. */
  function passedTo(
    definition: IFunction,
    name: string,
    place: IPlace,
    depth: number
  ): ReturnType<typeof resolve> {
    const calls = known.calls.get(definition.name) ?? [];
    const isAbove = ({ call, cell }: ICallAt) =>
      isBefore({ cell, at: call.at }, place);
    const below = calls.filter(item => !isAbove(item));
    const above = calls.filter(isAbove).reverse();
    const position = definition.positional.indexOf(name);
    for (const { call, cell } of [...below, ...above]) {
      const argument =
        call.keyword.get(name) ??
        (position === -1 ? undefined : call.positional[position]);
      if (argument) {
        const { functions } = cells[cell].facts;
        const scope = innermost(functions, call.at);
        const value = follow(argument, { cell, at: call.at, scope }, depth);
        if (value !== null) {
          return value;
        }
      }
      const initial = definition.defaults.get(name);
      const isLeftOut =
        !call.open &&
        !call.keyword.has(name) &&
        call.positional.length <= position;
      if (isLeftOut && initial !== undefined && 'text' in initial) {
        return { known: initial, from: trans.__('default value') };
      }
    }
    return null;
  }

  /** The nearest assignment above a place, else the nearest below. */
  function nearest(
    name: string,
    place: IPlace,
    scope: IFunction | null
  ): { known: Known; place: IPlace } | null {
    const found = (known.assignments.get(name) ?? []).filter(
      item =>
        item.assignment.scope === scope &&
        (scope === null || item.place.cell === place.cell)
    );
    const above = found.filter(item => isBefore(item.place, place));
    const best = above[above.length - 1] ?? found[0];
    return best === undefined
      ? null
      : { known: best.assignment.known, place: best.place };
  }
}

function isBefore(
  one: Omit<IPlace, 'scope'>,
  other: Omit<IPlace, 'scope'>
): boolean {
  return one.cell === other.cell ? one.at < other.at : one.cell < other.cell;
}

/** What all cells say of names, by name and in order. */
function indexOf(cells: readonly ICellFacts[]): IIndex {
  const assignments: IIndex['assignments'] = new Map();
  const calls: IIndex['calls'] = new Map();
  const add = <T>(map: Map<string, T[]>, name: string, item: T) => {
    const items = map.get(name);
    if (items === undefined) {
      map.set(name, [item]);
    } else {
      items.push(item);
    }
  };
  cells.forEach(({ facts }, cell) => {
    for (const assignment of facts.assignments) {
      const { name, at, scope } = assignment;
      add(assignments, name, { assignment, place: { cell, at, scope } });
    }
    for (const call of facts.calls) {
      add(calls, call.name, { call, cell });
    }
  });
  return { assignments, calls };
}

/** The innermost function around a position. */
function innermost(
  functions: readonly IFunction[],
  at: number
): IFunction | null {
  let inner: IFunction | null = null;
  for (const item of functions) {
    const isAround = item.from <= at && at < item.to;
    if (isAround && (inner === null || item.from > inner.from)) {
      inner = item;
    }
  }
  return inner;
}

/** What stands in the text for a value; null for formats beyond `!r`. */
function format(known: IKnownLiteral, field: IFoundField): string | null {
  const represent = () => (known.isString ? repr(known.text) : known.text);
  if (field.format === '' || field.format === '!s') {
    return known.text;
  }
  if (field.format === '!r') {
    return represent();
  }
  return field.format === '=' && field.wanted !== null
    ? `${field.expression}${represent()}`
    : null;
}

/** Python's `repr` of a string. */
export function repr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const short: Record<string, string> = {
    '\\': '\\\\',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    [quote]: `\\${quote}`
  };
  let inside = '';
  for (const point of text) {
    if (Object.hasOwn(short, point)) {
      inside += short[point];
    } else if (point !== ' ' && /[\p{C}\p{Z}]/u.test(point)) {
      const code = point.codePointAt(0)!;
      const hex = code.toString(16);
      inside +=
        code <= 0xff
          ? `\\x${hex.padStart(2, '0')}`
          : code <= 0xffff
            ? `\\u${hex.padStart(4, '0')}`
            : `\\U${hex.padStart(8, '0')}`;
    } else {
      inside += point;
    }
  }
  return quote + inside + quote;
}
