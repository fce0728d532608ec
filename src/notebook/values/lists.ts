/** Lists that code appends to. */
import type { SyntaxNode } from '@lezer/common';

import type { IPassed } from './functions';
import type { Machine } from './machine';
import { putBy } from './operands';
import { argumentsOf } from './syntax';
import type { IListValue, Value } from './value';

/**
 * Limit on the items of a list that is appended to, and the types that they may
 * have.
 */
const MAX_ITEMS = 1_000;
const PLAIN = /^(text|int|float|bool|none|unknown)$/;

/**
 * Append to a list; false if it isn't certain that the code does so now, and
 * once.
 */
export function grow(
  m: Machine,
  list: IListValue,
  items: readonly Value[]
): boolean {
  const isSure =
    m.muted + m.branching + m.calls === 0 &&
    m.anytime === null &&
    m.scope.kind === 'module' &&
    list.lost === null &&
    list.items.length + items.length <= MAX_ITEMS &&
    items.every(({ type }) => PLAIN.test(type));
  if (isSure) {
    const before = list.items;
    list.items = [...before, ...items];
    list.hasGrown = true;
    m.growths.push({ list, before, after: list.items });
    m.step(items.length);
  }
  return isSure;
}

/** Call `.append` or `.extend`; false if the result isn't known. */
export function appends(
  m: Machine,
  receiver: Value,
  method: string,
  list: SyntaxNode,
  passed: IPassed
): boolean {
  const args = argumentsOf(list, m.code.source) ?? [];
  const [bound] = passed.positional;
  if (
    receiver.type !== 'list' ||
    args.length !== 1 ||
    args[0].name !== null ||
    bound === undefined
  ) {
    return false;
  }
  const { value } = bound;
  switch (method) {
    case 'append':
      return grow(m, receiver, [putBy(m, value, args[0].node)]);
    case 'extend':
      return extend(m, receiver, value);
    default:
      return false;
  }
}

/** Append the items of a list or tuple. */
export function extend(m: Machine, list: IListValue, value: Value): boolean {
  return value.type === 'tuple' || (value.type === 'list' && !value.lost)
    ? grow(m, list, value.items)
    : false;
}
