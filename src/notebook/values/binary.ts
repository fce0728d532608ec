/** Operations on two values: arithmetic, comparisons, logic, `%` templates. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, operands } from '../strings/evaluate';
import type { Machine } from './machine';
import { compare } from './comparisons';
import { pipe } from './chains';
import { addTemplates } from './messages';
import { putBy } from './operands';
import { isText, opened } from './puts';
import { operate, truth } from './operators';
import { isMisread } from './syntax';
import { fillPercent } from './templates';
import type { IFilling } from './templates';
import { concat, isTooLong } from './text';
import { costOf, stringOf, unknown } from './value';
import type { IBinding, IPlace, ITextValue, Value } from './value';
import { bindingOf, evaluate, evaluateParts, maybe, textAt } from './walk';

/** Evaluate a left-associative chain of operations, one after the other. */
export function binary(m: Machine, node: SyntaxNode): Value {
  const links: SyntaxNode[] = [];
  let first = node;
  while (first.name === 'BinaryExpression') {
    links.push(first);
    first = first.firstChild!;
  }
  let value = evaluate(m, first);
  let compared = false;
  /** Texts to be joined at once; if there are any, `value` isn't one of them. */
  let sum: ITextValue[] = [];
  for (const link of links.reverse()) {
    m.step();
    const [, ...rest] = childrenOf(link);
    const right = rest.pop();
    if (right === undefined || rest.length === 0) {
      return evaluateParts(m, link);
    }
    const operator = rest.map(part => textAt(m, part)).join(' ');
    if (operator === '+') {
      const other = evaluate(m, right);
      compared = false;
      if (!addsTexts(sum, value, other)) {
        value = together(m, sum, value, link);
        sum = [];
        value = applied(m, operator, value, other, link, false);
        continue;
      }
      const left = sum.length > 0 ? [] : [putBy(m, value, link.firstChild!)];
      const added = openedAll(m, [...left, putBy(m, other, right)], link);
      const isSure = added.every(one => one.type === 'text');
      if (isSure) {
        sum.push(...added);
      } else {
        const pair =
          left.length > 0 ? added : [together(m, sum, value, link), ...added];
        value = plus(m, pair, m.place(link.from));
        sum = [];
      }
      continue;
    }
    value = together(m, sum, value, link);
    sum = [];
    const isComparison = /^([<>=!]=?|is|is not|in|not in)$/.test(operator);
    value =
      operator === 'and' || operator === 'or'
        ? logic(m, operator, value, right)
        : link.firstChild === null || (isComparison && compared)
          ? m.unknown([value, evaluate(m, right)], m.place(link.from))
          : operation(m, operator, value, right, link, isComparison);
    compared = isComparison;
  }
  return together(m, sum, value, node);
}

/** Whether `+` joins texts, be they known or not. */
function addsTexts(
  before: readonly ITextValue[],
  left: Value,
  right: Value
): boolean {
  const isLeft = before.length > 0 || isText(left);
  const isTemplate =
    right.type === 'template' ||
    (before.length === 0 && left.type === 'template');
  return !isTemplate && (isLeft || isText(right));
}

/** What is joined to a text: open pieces for what isn't known. */
function openedAll(
  m: Machine,
  values: readonly Value[],
  { from }: SyntaxNode
): Value[] {
  const unknowns = values.filter(({ type }) => type === 'unknown');
  if (unknowns.length > 0) {
    m.unknown(unknowns, m.place(from));
  }
  return values.map(opened);
}

/** Texts that are joined; the value itself, where there are none. */
function together(
  m: Machine,
  texts: readonly ITextValue[],
  value: Value,
  node: SyntaxNode
): Value {
  return texts.length === 0
    ? value
    : isTooLong(texts)
      ? unknown('limit', m.place(node.from))
      : concat(texts);
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
  return applied(m, operator, left, right, link, isComparison);
}

function applied(
  m: Machine,
  operator: string,
  left: Value,
  right: Value,
  link: SyntaxNode,
  isComparison: boolean
): Value {
  const place = m.place(link.from);
  if (isComparison) {
    // Comparing visits all items of a container, with their texts.
    m.work(costOf(left) + costOf(right));
  }
  const sum = operator === '+' ? addTemplates(m, left, right, place) : null;
  if (sum !== null) {
    return sum;
  }
  if (operator === '|') {
    const piped = pipe(m, left, right, place);
    if (piped !== null) {
      return piped;
    }
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
  node: SyntaxNode
): Value {
  return plus(m, openedAll(m, [left, right], node), m.place(node.from));
}

function plus(m: Machine, pair: readonly Value[], place: IPlace): Value {
  return m.each(
    pair,
    ([one, other]) =>
      operate('+', one, other) ??
      (one.type === 'text' && other.type === 'text'
        ? unknown('limit', place)
        : m.unknown([one, other], place)),
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
  m.note(sightings =>
    sightings.reach({
      how: { syntax: 'percent' },
      text: left,
      args: { ...args, open: args.open || right.type === 'dict' }
    })
  );
  for (const field of filled.fields) {
    if (field.place !== null) {
      m.seeAt(`${field.place.cell}:${field.place.at}`, field.binding);
    }
  }
  return filled.value ?? m.unknown([right], place);
}
