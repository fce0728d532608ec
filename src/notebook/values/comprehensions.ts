/** Comprehensions, and what loops go over. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { bindTarget, bindTargets } from './bindings';
import { condition, distrust, evaluate, textAt } from './walk';
import { iterable, iterated, MAX_ITEMS } from './iterables';
import type { Items } from './iterables';
import type { Machine } from './machine';
import { Scope } from './memory';
import { putBy } from './operands';
import { within } from './syntax';
import { choose, MAX_OPTIONS } from './choose';
import { unknown } from './value';
import type { Cause, IBinding, IPlace, Value } from './value';

/** Limit on the code that is evaluated for all items, in UTF-16 units. */
const MAX_CODE = 10_000;

/** Evaluate a generator. It runs later, when names may have other values. */
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

/**
 * The list that a comprehension makes. Sets and dictionaries are evaluated, but
 * their value isn't known.
 */
export function comprehend(m: Machine, node: SyntaxNode): Value {
  const parts = childrenOf(node).filter(
    ({ name }) => !/^[[\](){}]$/.test(name)
  );
  const first = parts.findIndex(({ name }) => name === 'for');
  const place = m.place(node.from);
  if (first === -1 || !areWhole(parts.slice(first))) {
    // Somebody is still typing it.
    distrust(m, node);
    return unknown('syntax', place);
  }
  const isList = /^(ArrayComprehensionExpression|ArgList)$/.test(node.name);
  // The first iterable is evaluated in the outer scope.
  const start = parts.findIndex(({ name }) => name === 'in');
  const source: Items =
    start === -1 ? () => null : iterable(m, parts[start + 1]);
  const items = source();
  const { scope } = m;
  const own = new Scope('comprehension', scope);
  const clauses = parts.slice(first);
  // An argument of a call may be `name := value for …`.
  const binds =
    parts[1]?.name === 'AssignOp' && textAt(m, parts[1]) === ':='
      ? parts[0]
      : null;
  const outputs = parts.slice(binds ? 2 : 0, first).filter(isExpression);
  const isSimple =
    isList &&
    items !== null &&
    items.length <= MAX_ITEMS &&
    items.length * (node.to - node.from) <= MAX_CODE &&
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
      if (source() === null) {
        break;
      }
      go(value);
    }
    if (source() === null) {
      // From here on it may iterate over other items.
      isKnown = false;
      m.branching++;
      m.memory.branch(
        [() => go(unknown('changed', place))],
        false,
        'loop',
        place
      );
      m.branching--;
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

  /** Evaluate the outputs for one item. */
  function go(value: Value): void {
    bindTargets(m, targets, { value, place });
    const holds = tests.map(test => condition(m, test));
    if (holds.includes(null)) {
      isKnown = false;
      m.branching++;
      m.memory.branch([make], false, 'loop', place);
      m.branching--;
    } else if (!holds.includes(false)) {
      make();
    }
  }

  /** Evaluate all clauses once, for any items. */
  function round(): void {
    bindTargets(m, targets, anyOf(source(), place));
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
    make();
  }

  /** Evaluate the outputs. */
  function make(): void {
    for (const output of outputs) {
      const value = evaluate(m, output);
      if (binds !== null) {
        bindTarget(m, binds, { value, place: m.place(binds.from) }, true);
      }
      made.push(putBy(m, value, output));
    }
  }
}

/** Whether each clause has all that it needs. */
function areWhole(clauses: readonly SyntaxNode[]): boolean {
  const isValue = (part: SyntaxNode | undefined) =>
    part !== undefined && isExpression(part);
  let isIn = true; // whether the last `for` has its `in`
  for (const [index, { name }] of clauses.entries()) {
    if (name === 'for') {
      if (!isIn || !isValue(clauses[index + 1])) {
        return false;
      }
      isIn = false;
    } else if (name === 'in' || name === 'if') {
      if (!isValue(clauses[index + 1])) {
        return false;
      }
      isIn ||= name === 'in';
    }
  }
  return isIn;
}

/** Forget the names that a round of a loop binds. */
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

/** Any of the items of an iterable. */
export function anyOf(items: readonly Value[] | null, place: IPlace): IBinding {
  if (items === null || items.length > MAX_OPTIONS) {
    const cause = items === null ? 'run' : 'limit';
    return { value: unknown(cause, place), place };
  }
  const bindings = items.map(value => ({ value, place }));
  return bindings.length === 0
    ? { value: unknown('run', place), place }
    : choose(bindings, true, 'loop', place, () => undefined);
}
