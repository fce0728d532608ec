/** Operations on two values: arithmetic, comparisons, logic, `%` templates. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, operands } from '../strings/evaluate';
import type { Machine } from './machine';
import { compare } from './comparisons';
import { operate, truth } from './operators';
import { isMisread } from './syntax';
import { fillPercent } from './templates';
import type { IFilling } from './templates';
import { concat, isTooLong, pieceOf, textOf } from './text';
import { costOf, stringOf, unknown } from './value';
import type { IBinding, IPiece, IPlace, ITextValue, Value } from './value';
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
  /** Texts to be joined, all at once; `value` is none of them. */
  let joined: ITextValue[] = [];
  for (const link of links.reverse()) {
    m.step();
    const [, ...rest] = childrenOf(link);
    const right = rest.pop();
    if (right === undefined || rest.length === 0) {
      return evaluateParts(m, link);
    }
    const operator = rest.map(part => textAt(m, part)).join(' ');
    if (operator === '+') {
      const bound = bindingOf(m, right);
      const others = textsOf(m, value, joined, bound.value, link, right);
      if (others !== null) {
        joined = others;
        compared = false;
        continue;
      }
      value = together(m, joined, value, link);
      joined = [];
      value = applied(m, operator, value, bound.value, link, false);
      compared = false;
      continue;
    }
    value = together(m, joined, value, link);
    joined = [];
    const isComparison = /^([<>=!]=?|is|is not|in|not in)$/.test(operator);
    value =
      operator === 'and' || operator === 'or'
        ? logic(m, operator, value, right)
        : link.firstChild === null || (isComparison && compared)
          ? m.unknown([value, evaluate(m, right)], m.place(link.from))
          : operation(m, operator, value, right, link, isComparison);
    compared = isComparison;
  }
  return together(m, joined, value, node);
}

/**
 * The texts that `+` joins with those before; null where it joins no texts.
 *
 * @param value - the left side, where there are none before.
 */
function textsOf(
  m: Machine,
  value: Value,
  before: readonly ITextValue[],
  right: Value,
  link: SyntaxNode,
  node: SyntaxNode
): ITextValue[] | null {
  const isText = before.length > 0 || value.type === 'text';
  if (!isText && right.type !== 'text') {
    return null;
  }
  const texts =
    before.length > 0
      ? (before as ITextValue[])
      : [openText(m, value, link.firstChild!)];
  const other = openText(m, right, node);
  if (texts[0] === null || other === null) {
    return null;
  }
  (texts as ITextValue[]).push(other);
  return texts as ITextValue[];
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
    // A container is gone through, with its texts.
    m.work(costOf(left) + costOf(right));
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

/**
 * A value that is joined to a text: it is a text, too, or the code fails.
 * One that isn't known is an open part.
 */
export function openText(
  m: Machine,
  value: Value,
  node: SyntaxNode
): ITextValue | null {
  const { cell } = m.code;
  const via = { cell, from: node.from, to: node.to };
  if (value.type === 'text') {
    return node.name === 'VariableName' || node.name === 'MemberExpression'
      ? { ...value, pieces: value.pieces.map(piece => ({ ...piece, via })) }
      : value;
  }
  if (value.type !== 'unknown') {
    return null;
  }
  const piece: IPiece = {
    ...pieceOf(
      {
        value: `{${textAt(m, node)}}`,
        map: []
      },
      cell
    ),
    open: value.why,
    via
  };
  m.unknown([value], m.place(node.from));
  return textOf(piece, null);
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
