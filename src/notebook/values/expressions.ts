/** What expressions are worth, and what working them out does. */
import type { SyntaxNode } from '@lezer/common';

import {
  childrenOf,
  evaluate as readLiteral,
  operands
} from '../strings/evaluate';
import type { IText } from '../strings/evaluate';
import { bindTarget } from './bindings';
import { call } from './calls';
import { comprehend, generate } from './comprehensions';
import { WILD } from './effects';
import { evaluateFormat } from './fields';
import { makeFunction } from './functions';
import type { Machine } from './machine';
import { compare, item, negate, operate, slice, truth } from './operators';
import { expressionsOf, groups, isMisread } from './syntax';
import { fillPercent } from './templates';
import type { IFilling } from './templates';
import { pieceOf, textOf } from './text';
import { bool, int, keyOf, NONE, stringOf, unitsOf, unknown } from './value';
import type { IBinding, IPiece, IPlace, ITextValue, Value } from './value';

/** The value of an expression; working it out may change what is known. */
export function evaluate(m: Machine, node: SyntaxNode): Value {
  m.step();
  const value = m.deeper(() => evaluateNode(m, node));
  if (value.type !== 'text') {
    return value;
  }
  m.step(unitsOf(value));
  const { cell } = m.code;
  const whole = value.whole ?? { cell, from: node.from, to: node.to };
  const text = { ...value, whole };
  m.make(node.from, node.to, text);
  return text;
}

/** An expression's value, and where its name was given it. */
export function bindingOf(m: Machine, node: SyntaxNode): IBinding {
  const value = evaluate(m, node);
  const name = firstName(node);
  if (name === null) {
    return { value, place: m.place(node.from) };
  }
  const bound = m.name(textAt(m, name), m.place(name.from));
  return name.from === node.from && name.to === node.to
    ? { ...bound, value }
    : { value, place: bound.place };
}

/** Whether a condition holds; null where that isn't known. */
export function condition(m: Machine, node: SyntaxNode): boolean | null {
  const value = evaluate(m, node);
  const is = truth(value);
  if (is === null) {
    m.unknown([value], m.place(node.from));
  }
  return is;
}

export function textAt(m: Machine, node: SyntaxNode): string {
  return m.code.source.slice(node.from, node.to);
}

/** Work out what Python may leave out. */
export function maybe(m: Machine, node: SyntaxNode, work: () => void): void {
  // Only these bind names.
  if (!/:=|\(/.test(textAt(m, node))) {
    work();
    return;
  }
  m.branching++;
  m.memory.branch([work], false, 'branch', m.place(node.from));
  m.branching--;
}

function evaluateNode(m: Machine, node: SyntaxNode): Value {
  const place = m.place(node.from);
  switch (node.name) {
    case 'String':
      return literal(m, node);
    case 'FormatString':
    case 'ContinuedString':
      return evaluateFormat(m, node);
    case 'Number':
      return number(textAt(m, node), place);
    case 'Boolean':
      return bool(textAt(m, node) === 'True');
    case 'None':
      return NONE;
    case 'VariableName':
      return named(m, node, place);
    case 'ParenthesizedExpression': {
      const inner = expressionsOf(node);
      return inner.length === 1 && node.getChild('⚠') === null
        ? evaluate(m, inner[0])
        : all(m, node);
    }
    case 'TupleExpression':
    case 'ArrayExpression':
      return sequence(m, node);
    case 'DictionaryExpression':
      return dictionary(m, node);
    case 'BinaryExpression':
      return binary(m, node);
    case 'UnaryExpression':
      return unary(m, node);
    case 'ConditionalExpression':
      return conditional(m, node);
    case 'NamedExpression': {
      const [target, , inner] = childrenOf(node);
      const value = evaluate(m, inner);
      bindTarget(m, target, { value, place: m.place(target.from) }, true);
      return value;
    }
    case 'MemberExpression':
      return member(m, node);
    case 'CallExpression':
      return call(m, node);
    case 'LambdaExpression':
      return makeFunction(m, node, false);
    case 'ComprehensionExpression':
      return generate(m, node);
    case 'ArrayComprehensionExpression':
    case 'SetComprehensionExpression':
    case 'DictionaryComprehensionExpression':
      return comprehend(m, node);
    default:
      return all(m, node);
  }
}

/** Work out all parts of an expression that isn't understood. */
function all(m: Machine, node: SyntaxNode): Value {
  const values = expressionsOf(node).map(part => evaluate(m, part));
  return m.unknown(values, m.place(node.from));
}

/** The text of a literal; unknown where it isn't read surely. */
function literal(m: Machine, node: SyntaxNode): Value {
  const text = literalOf(m, node);
  const place = m.place(node.from);
  if (text === null || text.problems.length > 0) {
    return unknown('run', place);
  }
  const { cell } = m.code;
  return textOf(pieceOf(text, cell), { cell, from: node.from, to: node.to });
}

/** A literal as it is read, once. */
export function literalOf(m: Machine, node: SyntaxNode): IText | null {
  const key = `${m.code.cell}:${node.from}`;
  let text = m.literals.get(key);
  if (text === undefined) {
    text = readLiteral(node, m.code.source, {
      lookup: m.lookup,
      trans: SILENT
    });
    m.literals.set(key, text);
  }
  return text;
}

/** Words that nobody reads. */
const SILENT = {
  __: (text: string) => text
} as Parameters<typeof readLiteral>[2]['trans'];

function number(written: string, place: IPlace): Value {
  const text = written.replace(/_/g, '');
  if (/^(0[xX][\da-fA-F]+|0[oO][0-7]+|0[bB][01]+|[1-9]\d*|0+)$/.test(text)) {
    return text.length > 1_000 ? unknown('limit', place) : int(BigInt(text));
  }
  const value = /^[\d.]+(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
  return Number.isFinite(value)
    ? { type: 'float', value }
    : unknown('run', place);
}

function named(m: Machine, node: SyntaxNode, place: IPlace): Value {
  const name = textAt(m, node);
  const { value } = m.name(name, place);
  if (WILD.has(name) && value.type === 'unknown') {
    m.forget('anything', place);
  }
  return value;
}

function sequence(m: Machine, node: SyntaxNode): Value {
  const items: Value[] = [];
  let isKnown = true;
  for (const group of groups(node)) {
    const value = evaluate(m, group[group.length - 1]);
    if (group.length === 1) {
      items.push(value);
    } else if (
      group[0].name === '*' &&
      (value.type === 'tuple' || (value.type === 'list' && !value.lost))
    ) {
      items.push(...value.items);
    } else {
      isKnown = false;
      items.push(value);
    }
  }
  if (!isKnown) {
    return m.unknown(items, m.place(node.from));
  }
  return node.name === 'ArrayExpression'
    ? { type: 'list', items, lost: null }
    : { type: 'tuple', items };
}

/** Values beside each other without brackets: a tuple, where there are several. */
export function values(
  m: Machine,
  nodes: readonly SyntaxNode[],
  place: IPlace
): IBinding {
  const isSingle = nodes.length === 1;
  if (isSingle) {
    return { ...bindingOf(m, nodes[0]), place };
  }
  const items = nodes
    .filter(({ name }) => name !== ',' && name !== '*')
    .map(part => evaluate(m, part));
  const value: Value = nodes.some(({ name }) => name === '*')
    ? m.unknown(items, place)
    : { type: 'tuple', items };
  return { value, place };
}

function dictionary(m: Machine, node: SyntaxNode): Value {
  const entries = new Map<string, readonly [Value, Value]>();
  const seen: Value[] = [];
  let isKnown = true;
  for (const group of groups(node)) {
    if (group.length === 3 && group[1].name === ':') {
      const key = evaluate(m, group[0]);
      const value = evaluate(m, group[2]);
      const known = keyOf(key);
      seen.push(key, value);
      isKnown &&= known !== null;
      if (known !== null) {
        entries.set(known, [entries.get(known)?.[0] ?? key, value]);
      }
    } else {
      const value = evaluate(m, group[group.length - 1]);
      seen.push(value);
      if (group[0].name === '**' && value.type === 'dict' && !value.lost) {
        value.entries.forEach((entry, key) => entries.set(key, entry));
      } else {
        isKnown = false;
      }
    }
  }
  return isKnown
    ? { type: 'dict', entries, lost: null }
    : m.unknown(seen, m.place(node.from));
}

function conditional(m: Machine, node: SyntaxNode): Value {
  const [first, test, second] = expressionsOf(node);
  if (second === undefined) {
    return all(m, node);
  }
  const is = isMisread(test) ? null : condition(m, test);
  if (is !== null) {
    return evaluate(m, is ? first : second);
  }
  const place = m.place(node.from);
  const options: IBinding[] = [];
  for (const way of [first, second]) {
    maybe(m, way, () => {
      options.push({ value: evaluate(m, way), place: m.place(way.from) });
    });
  }
  const value = m.each(
    [{ type: 'choice', options, each: false }],
    ([option]) => option,
    place
  );
  return options.some(option => option.value.type === 'unknown')
    ? unknown('branch', place)
    : value;
}

function unary(m: Machine, node: SyntaxNode): Value {
  const [operator, operand] = childrenOf(node);
  if (operand === undefined || isMisread(node)) {
    return all(m, node);
  }
  const place = m.place(node.from);
  return m.each(
    [evaluate(m, operand)],
    ([value]) => {
      const is = truth(value);
      const result =
        operator.name === 'not'
          ? is === null
            ? null
            : bool(!is)
          : negate(textAt(m, operator), value);
      return result ?? m.unknown([value], place);
    },
    place
  );
}

/** Operations that lean on each other's left: a chain, gone through in turn. */
function binary(m: Machine, node: SyntaxNode): Value {
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
      return all(m, link);
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
  const right = evaluate(m, node);
  if (operator === '%' && left.type === 'text') {
    return percent(m, left, right, node, place);
  }
  if (operator === '+' && (left.type === 'text' || right.type === 'text')) {
    const one = openText(m, left, link.firstChild!);
    const other = openText(m, right, node);
    if (one !== null && other !== null) {
      return operate('+', one, other) ?? m.unknown([left, right], place);
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
  right: Value,
  node: SyntaxNode,
  place: IPlace
): Value {
  if (stringOf(left) === null) {
    return m.unknown([left, right], place);
  }
  const bound = (value: Value): IBinding => ({ value, place });
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

function member(m: Machine, node: SyntaxNode): Value {
  const [object, sign, ...rest] = childrenOf(node);
  const place = m.place(node.from);
  const value = evaluate(m, object);
  if (sign?.name === '.') {
    const name = rest[0] ? textAt(m, rest[0]) : '';
    const path = value.type === 'module' ? `${value.name}.${name}` : '';
    return KNOWN_ATTRIBUTES.has(path)
      ? { type: 'builtin', name: path }
      : m.unknown([value], place);
  }
  const inner = rest.slice(0, -1);
  if (inner.some(({ name }) => name === ':')) {
    return sliced(m, value, inner, place);
  }
  if (inner.length !== 1) {
    const others = expressionsOf(node)
      .slice(1)
      .map(part => evaluate(m, part));
    return m.unknown([value, ...others], place);
  }
  const index = evaluate(m, inner[0]);
  return m.each(
    [value, index],
    ([one, other]) => item(one, other) ?? m.unknown([one, other], place),
    place
  );
}

/** Attributes of modules that are understood. */
export const KNOWN_ATTRIBUTES = new Set([
  'inspect.cleandoc',
  'textwrap.dedent'
]);

function sliced(
  m: Machine,
  value: Value,
  parts: readonly SyntaxNode[],
  place: IPlace
): Value {
  const bounds: (Value | null)[] = [null];
  let isKnown = true;
  for (const part of parts) {
    if (part.name === ':') {
      bounds.push(null);
    } else if (part.name === ',') {
      isKnown = false;
    } else {
      bounds[bounds.length - 1] = evaluate(m, part);
    }
  }
  const found = isKnown ? slice(value, bounds) : null;
  const others = bounds.filter(bound => bound !== null);
  return found ?? m.unknown([value, ...others], place);
}

/** The first name in an expression; it is what a field's value comes from. */
function firstName(node: SyntaxNode): SyntaxNode | null {
  let inner: SyntaxNode | null = node;
  while (inner !== null && inner.name !== 'VariableName') {
    inner =
      /^(MemberExpression|BinaryExpression|CallExpression|ParenthesizedExpression|UnaryExpression|ConditionalExpression)$/.test(
        inner.name
      )
        ? (expressionsOf(inner)[0] ?? null)
        : null;
  }
  return inner;
}
