/** What loops and comprehensions go over. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import type { Machine } from './machine';
import { argumentsOf } from './syntax';
import { int } from './value';
import type { Value } from './value';
import { evaluate, textAt } from './walk';

/** Limit on the items of an iterable. */
export const MAX_ITEMS = 200;

/** The items at this moment; null if they aren't known, or not any more. */
export type Items = () => readonly Value[] | null;

/** The items of an iterable expression; null if they aren't known. */
export function iterated(m: Machine, node: SyntaxNode): Value[] | null {
  const items = iterable(m, node)();
  return items === null ? null : [...items];
}

/** The items of an iterable expression, which may grow during the loop. */
export function iterable(m: Machine, node: SyntaxNode): Items {
  if (node.name === 'CallExpression') {
    const items = called(m, node);
    if (items !== undefined) {
      return items;
    }
  }
  return itemsOf(m, evaluate(m, node), node);
}

const NOTHING: Items = () => null;

function itemsOf(m: Machine, value: Value, node: SyntaxNode): Items {
  switch (value.type) {
    case 'tuple':
      return () => value.items;
    case 'list':
      if (!value.lost) {
        return () => (value.lost ? null : value.items);
      }
      break;
    case 'dict':
      if (!value.lost) {
        return () => keysOf(value, 'keys');
      }
  }
  m.unknown([value], m.place(node.from));
  return NOTHING;
}

function keysOf(
  value: Value & { readonly type: 'dict' },
  what: string
): Value[] | null {
  return value.lost
    ? null
    : [...value.entries.values()].map(([key, item]) =>
        what === 'items'
          ? { type: 'tuple', items: [key, item] }
          : what === 'keys'
            ? key
            : item
      );
}

/** `range(…)`, `enumerate(…)`, `zip(…)`, `….items()`; undefined: none of these. */
function called(m: Machine, node: SyntaxNode): Items | undefined {
  const [callee, list] = childrenOf(node);
  const args =
    list?.name === 'ArgList' ? argumentsOf(list, m.code.source) : null;
  if (args === null || args.some(({ name }) => name !== null)) {
    return undefined;
  }
  if (callee.name === 'MemberExpression' && args.length === 0) {
    const [object, dot, method] = childrenOf(callee);
    const name = method && dot.name === '.' ? textAt(m, method) : '';
    if (object.name !== 'VariableName' || !/^(items|keys|values)$/.test(name)) {
      return undefined;
    }
    const value = evaluate(m, object);
    if (value.type !== 'dict' || value.lost) {
      m.unknown([value], m.place(node.from));
      return NOTHING;
    }
    return () => keysOf(value, name);
  }
  const name = callee.name === 'VariableName' ? textAt(m, callee) : '';
  if (!/^(range|enumerate|zip|reversed)$/.test(name) || !m.isPythons(name)) {
    return undefined;
  }
  const values = args.map(arg => evaluate(m, arg.node));
  if (name === 'range') {
    return range(values);
  }
  const all = values.map(value => itemsOf(m, value, node));
  if (all.length === 0 || (name !== 'zip' && all.length > 1)) {
    return NOTHING;
  }
  return () => {
    const lists = all.map(items => items());
    if (lists.includes(null)) {
      return null;
    }
    const known = lists as (readonly Value[])[];
    switch (name) {
      case 'zip':
        return zipped(known);
      case 'reversed':
        return [...known[0]].reverse();
      default:
        return known[0].map((item, index) => ({
          type: 'tuple',
          items: [int(index), item]
        }));
    }
  };
}

function range(values: readonly Value[]): Items {
  const bounds = values.map(value =>
    value.type === 'int' ? Number(value.value) : NaN
  );
  const [from, to] = bounds.length === 1 ? [0, bounds[0]] : bounds;
  const length = Math.max(to - from, 0);
  return bounds.length > 2 || !(length <= MAX_ITEMS)
    ? NOTHING
    : () => Array.from({ length }, (_, index) => int(from + index));
}

function zipped(lists: readonly (readonly Value[])[]): Value[] {
  const length = Math.min(...lists.map(items => items.length));
  return Array.from({ length }, (_, index) => ({
    type: 'tuple',
    items: lists.map(items => items[index])
  }));
}
