/** Rules for statements that bind, delete, declare and return. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { joined } from './binary';
import { bindTarget, bindTargets } from './bindings';
import { runClass } from './classes';
import { makeFunction } from './functions';
import { runImport } from './imports';
import type { Machine, StatementRule } from './machine';
import { extend } from './lists';
import { putBy } from './operands';
import { isText } from './puts';
import { operate } from './operators';
import { expressionsOf, namesIn, sidesOf } from './syntax';
import { NONE } from './value';
import type { IBinding, Value } from './value';
import { condition, distrust, evaluate, runBody, textAt, values } from './walk';

/** Rules by the names of nodes. */
export const STATEMENTS: readonly (readonly [string, StatementRule])[] = [
  ['AssignStatement', assign],
  ['UpdateStatement', update],
  ['FunctionDefinition', (m, node) => define(m, node, [])],
  ['ClassDefinition', (m, node) => define(m, node, [])],
  ['DecoratedStatement', decorated],
  ['ImportStatement', runImport],
  ['DeleteStatement', runDelete],
  ['ReturnStatement', runReturn],
  ['StatementGroup', runBody],
  ['TypeDefinition', distrust],
  ['ScopeStatement', declare],
  ['AssertStatement', runAssert]
];

function runDelete(m: Machine, node: SyntaxNode): void {
  childrenOf(node)
    .filter(isExpression)
    .forEach(part => remove(m, part));
}

/** `global name` in a class: it is bound in the notebook from here on. */
function declare(m: Machine, node: SyntaxNode): void {
  if (m.scope.kind === 'class') {
    distrust(m, node);
    const place = m.place(node.from);
    namesIn(node, m.code.source).forEach(name =>
      m.stick(name, { cause: 'run', place })
    );
  }
}

function assign(m: Machine, node: SyntaxNode): void {
  const sides = sidesOf(node);
  const right = sides.pop()!;
  if (sides.length === 0) {
    return; // `name: type` binds nothing.
  }
  if (right.length === 0) {
    distrust(m, node); // Its value is missing.
    return;
  }
  const binding = values(m, right, m.place(right[0].from));
  for (const targets of sides) {
    bindTargets(m, targets, binding);
  }
}

/** `name += value`. */
function update(m: Machine, node: SyntaxNode): void {
  const [target, operator, ...rest] = childrenOf(node);
  const place = m.place(target.from);
  const before = evaluate(m, target);
  const right = values(m, rest, place).value;
  const sign = textAt(m, operator).slice(0, -1);
  let value: Value;
  if (before.type === 'list' || before.type === 'dict') {
    const isGrown =
      sign === '+' && before.type === 'list' && extend(m, before, right);
    value = isGrown ? before : m.unknown([before, right], place);
  } else if (sign === '+' && rest.length === 1 && isStep(before, right)) {
    // Its value so far is no field; where that isn't known, its name stands for it.
    const own = before.type === 'unknown' ? putBy(m, before, target) : before;
    value = joined(m, own, putBy(m, right, rest[0]), node);
  } else {
    value = m.each([before, right], pair => added(m, pair, sign, node), place);
  }
  m.make(node, value);
  bindTarget(m, target, { value, place });
}

/** Whether `+=` makes a text of these. */
function isStep(before: Value, right: Value): boolean {
  return isText(before) || (before.type === 'unknown' && isText(right));
}

function added(
  m: Machine,
  [left, right]: readonly Value[],
  sign: string,
  node: SyntaxNode
): Value {
  const isChanged = left.type === 'list' || left.type === 'dict';
  const value = isChanged ? null : operate(sign, left, right);
  return value ?? m.unknown([left, right], m.place(node.from));
}

function define(
  m: Machine,
  node: SyntaxNode,
  decorators: readonly Value[]
): void {
  const name = node.getChild('VariableName');
  if (name === null) {
    return;
  }
  const place = m.place(name.from);
  let value: Value =
    node.name === 'ClassDefinition'
      ? runClass(m, node)
      : makeFunction(m, node, m.scope.kind === 'class');
  if (decorators.length > 0) {
    value = m.unknown([value, ...decorators], place);
  }
  m.bind(textAt(m, name), { value, place });
}

function decorated(m: Machine, node: SyntaxNode): void {
  const decorators = node.getChildren('Decorator').map(part => {
    const inner = childrenOf(part).filter(isExpression);
    return m.unknown(
      inner
        .filter(({ name }) => name !== 'At' && name !== 'PropertyName')
        .filter(({ name }) => name !== 'ArgList')
        .map(item => evaluate(m, item)),
      m.place(part.from)
    );
  });
  const definition =
    node.getChild('FunctionDefinition') ?? node.getChild('ClassDefinition');
  if (definition !== null) {
    define(m, definition, decorators);
  }
}

function remove(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  if (node.name === 'VariableName') {
    m.unknown([], place);
    m.bind(textAt(m, node), undefined);
  } else {
    bindTarget(m, node, { value: NONE, place });
  }
}

/** `assert test, message`: the test may run unknown code. */
function runAssert(m: Machine, node: SyntaxNode): void {
  const [test, ...rest] = expressionsOf(node);
  if (test !== undefined) {
    condition(m, test);
  }
  rest.forEach(part => evaluate(m, part));
}

function runReturn(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  const parts = childrenOf(node).slice(1);
  const binding: IBinding =
    parts.length === 0 ? { value: NONE, place } : values(m, parts, place);
  m.returns.push(binding);
  m.hasEnded = m.branching === 0;
}
