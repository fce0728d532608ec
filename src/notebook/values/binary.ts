/** Operations on two values: arithmetic, comparisons, logic, `%` templates. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, operands } from '../strings/evaluate';
import type { Machine } from './machine';
import { compare } from './comparisons';
import { putBy } from './operands';
import { isText, opened } from './puts';
import { operate, truth } from './operators';
import { isMisread } from './syntax';
import { fillPercent } from './templates';
import type { IFilling } from './templates';
import { stringOf, unknown } from './value';
import type { IBinding, IPlace, ITextValue, Value } from './value';
import { bindingOf, evaluate, evaluateParts, maybe, textAt } from './walk';

/** Operations that lean on each other's left: a chain, gone through in turn. */
export function binary(m: Machine, node: SyntaxNode): Value {
  const links: SyntaxNode[] = [];
  let first = node;
  while (first.name === 'BinaryExpression') {
    links.push(first);
    first = first.firstChild!;
  }
  let value = evaluate(m, first);
  let compared = false;
  for (const link of links.reverse()) {
    m.step();
    const [, ...rest] = childrenOf(link);
    const right = rest.pop();
    if (right === undefined || rest.length === 0) {
      return evaluateParts(m, link);
    }
    const operator = rest.map(part => textAt(m, part)).join(' ');
    const isComparison = /^([<>=!]=?|is|is not|in|not in)$/.test(operator);
    value =
      operator === 'and' || operator === 'or'
        ? logic(m, operator, value, right)
        : link.firstChild === null || (isComparison && compared)
          ? m.unknown([value, evaluate(m, right)], m.place(link.from))
          : operation(m, operator, value, right, link, isComparison);
    compared = isComparison;
  }
  return value;
}

function operation(
  m: Machine,
  operator: string,
  left: Value,
  node: SyntaxNode,
  link: SyntaxNode,
  isComparison: boolean
): Value {
  const place = m.place(link.from);
  const bound = bindingOf(m, node);
  const right = bound.value;
  if (operator === '%' && left.type === 'text') {
    return percent(m, left, bound, node, place);
  }
  if (operator === '+' && (isText(left) || isText(right))) {
    return joined(
      m,
      putBy(m, left, link.firstChild!),
      putBy(m, right, node),
      place
    );
  }
  return m.each(
    [left, right],
    ([one, other]) =>
      (isComparison
        ? compare(operator, one, other)
        : operate(operator, one, other)) ?? m.unknown([one, other], place),
    place
  );
}

/** `left + right`, of which one is a text; what isn't known is an open piece. */
export function joined(
  m: Machine,
  left: Value,
  right: Value,
  place: IPlace
): Value {
  const unknowns = [left, right].filter(({ type }) => type === 'unknown');
  if (unknowns.length > 0) {
    m.unknown(unknowns, place);
  }
  return m.each(
    [opened(left), opened(right)],
    ([one, other]) =>
      operate('+', one, other) ?? m.unknown([one, other], place),
    place
  );
}

function logic(
  m: Machine,
  operator: string,
  left: Value,
  node: SyntaxNode
): Value {
  const is = truth(left);
  const place = m.place(node.from);
  if (is !== null && is === (operator === 'or') && !isMisread(node)) {
    return left;
  }
  let right: Value = unknown('run', place);
  if (is === null) {
    maybe(m, node, () => {
      right = evaluate(m, node);
    });
    return m.unknown([left, right], place);
  }
  right = evaluate(m, node);
  return isMisread(node) ? m.unknown([left, right], place) : right;
}

function percent(
  m: Machine,
  left: ITextValue,
  operand: IBinding,
  node: SyntaxNode,
  place: IPlace
): Value {
  const { value: right } = operand;
  if (stringOf(left) === null) {
    return m.unknown([left, right], place);
  }
  const bound = (value: Value): IBinding => ({ ...operand, value });
  const filling: IFilling = {
    positional:
      right.type === 'tuple'
        ? right.items.map(bound)
        : right.type === 'unknown'
          ? []
          : [bound(right)],
    keyword: new Map(
      right.type === 'dict' && !right.lost
        ? [...right.entries.values()].flatMap(([key, value]) => {
            const name = stringOf(key);
            return name === null ? [] : [[name, bound(value)] as const];
          })
        : []
    ),
    open: right.type === 'unknown' ? right : null
  };
  const filled = fillPercent(left, filling, place);
  const args = operands(node, m.code.source);
  m.reach({
    how: 'percent',
    text: left,
    args: { ...args, open: args.open || right.type === 'dict' }
  });
  for (const field of filled.fields) {
    if (field.place !== null) {
      m.seeAt(`${field.place.cell}:${field.place.at}`, field.binding);
    }
  }
  return filled.value ?? m.unknown([right], place);
}
