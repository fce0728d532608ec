/** Comprehensions, and what loops go over. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { bindTargets } from './bindings';
import { condition, evaluate, textAt } from './walk';
import type { Machine } from './machine';
import { Scope } from './memory';
import { argumentsOf, within } from './syntax';
import { choose, int, MOST_OPTIONS, unknown } from './value';
import type { Cause, IBinding, IPlace, Value } from './value';

/** Most items that a comprehension is gone through for. */
const MOST_ITEMS = 200;

/** A generator: it is gone through later, when names may have other values. */
export function generate(m: Machine, node: SyntaxNode): Value {
  const place = m.place(node.from);
  m.muted++;
  comprehend(m, node);
  m.muted--;
  m.scan(node);
  for (const { name, from } of within(node)) {
    if (name === 'FormatReplacement') {
      m.see(from, { value: unknown('run', place), place });
    }
  }
  m.expose(node, m.code.source, m.scope, { cause: 'run', place });
  return m.unknown([], place);
}

/** The list that a comprehension makes; others are worked out, but not known. */
export function comprehend(m: Machine, node: SyntaxNode): Value {
  const parts = childrenOf(node).filter(
    ({ name }) => !/^[[\](){}]$/.test(name)
  );
  const first = parts.findIndex(({ name }) => name === 'for');
  const place = m.place(node.from);
  const isList = /^(ArrayComprehensionExpression|ArgList)$/.test(node.name);
  // The first thing that is gone over is worked out outside.
  const start = parts.findIndex(({ name }) => name === 'in');
  const items = start === -1 ? null : iterated(m, parts[start + 1]);
  const { scope } = m;
  const own = new Scope('comprehension', scope);
  const clauses = parts.slice(first);
  const outputs = parts.slice(0, first).filter(isExpression);
  const isSimple =
    isList &&
    items !== null &&
    items.length <= MOST_ITEMS &&
    clauses.filter(({ name }) => name === 'for' || name === 'async').length ===
      1;
  const made: Value[] = [];
  let isKnown = isSimple;
  m.scope = own;
  const targets = parts.slice(first + 1, start);
  const tests = clauses.flatMap((part, index) =>
    part.name === 'if' ? [clauses[index + 1]] : []
  );
  if (isSimple) {
    for (const value of items) {
      bindTargets(m, targets, { value, place });
      const holds = tests.map(test => condition(m, test));
      if (holds.includes(null)) {
        isKnown = false;
        m.branching++;
        m.memory.branch(
          [() => outputs.forEach(output => made.push(evaluate(m, output)))],
          false,
          'loop',
          place
        );
        m.branching--;
      } else if (!holds.includes(false)) {
        outputs.forEach(output => made.push(evaluate(m, output)));
      }
    }
  } else {
    m.branching++;
    assumeChanged(m, 'loop', place, round);
    round();
    m.branching--;
  }
  m.scope = scope;
  return isKnown
    ? { type: 'list', items: made, lost: null }
    : m.unknown(made, place);

  /** Go through all clauses once, for any items. */
  function round(): void {
    bindTargets(m, targets, anyOf(items, place));
    for (let index = start - first + 2; index < clauses.length; index++) {
      const { name } = clauses[index];
      if (name === 'for') {
        const end = clauses.findIndex(
          (part, at) => at > index && part.name === 'in'
        );
        const others = iterated(m, clauses[end + 1]);
        bindTargets(m, clauses.slice(index + 1, end), anyOf(others, place));
        index = end + 1;
      } else if (isExpression(clauses[index])) {
        evaluate(m, clauses[index]);
      }
    }
    outputs.forEach(output => made.push(evaluate(m, output)));
  }
}

/** Assume nothing of names that a round of a loop binds. */
export function assumeChanged(
  m: Machine,
  cause: Cause,
  place: IPlace,
  round: () => void
): void {
  const { memory } = m;
  if (m.muted > 0) {
    return; // What is around it is gone through once more.
  }
  const mark = memory.mark();
  const log = memory.markLog();
  m.muted++;
  round();
  m.muted--;
  memory.rewind(mark);
  const lost = { value: unknown(cause, place), place };
  for (const [scope, names] of memory.logged(log)) {
    for (const [name, values] of names) {
      for (const bound of [...values, scope.names.get(name)]) {
        if (bound !== undefined) {
          memory.onLose(bound.value);
        }
      }
      memory.set(scope, name, lost, 'assumed');
    }
  }
}

/** Any of the items that are gone over. */
export function anyOf(items: readonly Value[] | null, place: IPlace): IBinding {
  if (items === null || items.length > MOST_OPTIONS) {
    const cause = items === null ? 'run' : 'limit';
    return { value: unknown(cause, place), place };
  }
  const bindings = items.map(value => ({ value, place }));
  return bindings.length === 0
    ? { value: unknown('run', place), place }
    : choose(bindings, true, 'loop', place, () => undefined);
}

/** The items that an expression is gone over for; null where they aren't known. */
export function iterated(m: Machine, node: SyntaxNode): Value[] | null {
  if (node.name === 'CallExpression') {
    const items = called(m, node);
    if (items !== undefined) {
      return items;
    }
  }
  return itemsOf(m, evaluate(m, node), m.place(node.from));
}

function itemsOf(m: Machine, value: Value, place: IPlace): Value[] | null {
  if (value.type === 'tuple' || (value.type === 'list' && !value.lost)) {
    return [...value.items];
  }
  if (value.type === 'dict' && !value.lost) {
    return [...value.entries.values()].map(([key]) => key);
  }
  m.unknown([value], place);
  return null;
}

/** The items of `range(…)`, `enumerate(…)`, `zip(…)`, `….items()`; undefined: of none. */
function called(m: Machine, node: SyntaxNode): Value[] | null | undefined {
  const [callee, list] = childrenOf(node);
  const args =
    list?.name === 'ArgList' ? argumentsOf(list, m.code.source) : null;
  if (args === null || args.some(({ name }) => name !== null)) {
    return undefined;
  }
  const place = m.place(node.from);
  if (callee.name === 'MemberExpression' && args.length === 0) {
    const [object, dot, method] = childrenOf(callee);
    const name = method && dot.name === '.' ? textAt(m, method) : '';
    if (object.name !== 'VariableName' || !/^(items|keys|values)$/.test(name)) {
      return undefined;
    }
    const value = evaluate(m, object);
    if (value.type !== 'dict' || value.lost) {
      m.unknown([value], place);
      return null;
    }
    return [...value.entries.values()].map(([key, item]) =>
      name === 'items'
        ? { type: 'tuple', items: [key, item] }
        : name === 'keys'
          ? key
          : item
    );
  }
  const name = callee.name === 'VariableName' ? textAt(m, callee) : '';
  if (!/^(range|enumerate|zip|reversed)$/.test(name) || !m.isPythons(name)) {
    return undefined;
  }
  const values = args.map(arg => evaluate(m, arg.node));
  if (name === 'range') {
    const bounds = values.map(value =>
      value.type === 'int' ? Number(value.value) : NaN
    );
    const [from, to] = bounds.length === 1 ? [0, bounds[0]] : bounds;
    const length = Math.max(to - from, 0);
    return bounds.length > 2 || !(length <= MOST_ITEMS)
      ? null
      : Array.from({ length }, (_, index) => int(from + index));
  }
  const all = values.map(value => itemsOf(m, value, place));
  if (all.length === 0 || all.includes(null)) {
    return null;
  }
  const lists = all as Value[][];
  if (name === 'zip') {
    const length = Math.min(...lists.map(items => items.length));
    return Array.from({ length }, (_, index) => ({
      type: 'tuple',
      items: lists.map(items => items[index])
    }));
  }
  return lists.length > 1
    ? null
    : name === 'reversed'
      ? lists[0].reverse()
      : lists[0].map((item, index) => ({
          type: 'tuple',
          items: [int(index), item]
        }));
}
