/** Rules for expressions of one value: literals, names, collections, conditions. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import { bindTarget } from './bindings';
import { isKept, WILD } from './effects';
import type { ExpressionRule, Machine } from './machine';
import { nameAlone } from './libraries';
import { putBy, seeName } from './operands';
import { MAX_ITEMS, negate, truth } from './operators';
import { expressionsOf, groups, isMisread } from './syntax';
import { pieceOf, textOf } from './text';
import { bool, int, keyOf, NONE, unknown } from './value';
import type { IBinding, IPlace, Value } from './value';
import {
  condition,
  evaluate,
  evaluateParts,
  literalOf,
  maybe,
  textAt
} from './walk';

/** Rules by the names of nodes. */
export const SIMPLE_EXPRESSIONS: readonly (readonly [
  string,
  ExpressionRule
])[] = [
  ['String', literal],
  ['Number', (m, node) => number(textAt(m, node), m.place(node.from))],
  ['Boolean', (m, node) => bool(textAt(m, node) === 'True')],
  ['None', () => NONE],
  ['VariableName', (m, node) => named(m, node, m.place(node.from))],
  ['ParenthesizedExpression', parenthesized],
  ['TupleExpression', sequence],
  ['ArrayExpression', sequence],
  ['DictionaryExpression', dictionary],
  ['UnaryExpression', unary],
  ['ConditionalExpression', conditional],
  ['NamedExpression', walrus]
];

function parenthesized(m: Machine, node: SyntaxNode): Value {
  const inner = expressionsOf(node);
  return inner.length === 1 && node.getChild('⚠') === null
    ? evaluate(m, inner[0])
    : evaluateParts(m, node);
}

function walrus(m: Machine, node: SyntaxNode): Value {
  const [target, , inner] = childrenOf(node);
  const value = evaluate(m, inner);
  bindTarget(m, target, { value, place: m.place(target.from) }, true);
  return value;
}

/** The text of a literal; unknown if it has errors. */
function literal(m: Machine, node: SyntaxNode): Value {
  const text = literalOf(m, node);
  const place = m.place(node.from);
  if (text === null || text.problems.length > 0) {
    return unknown('run', place);
  }
  const { cell } = m.code;
  return textOf(pieceOf(text, cell), { cell, from: node.from, to: node.to });
}

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
    m.isWild ||= isKept(node, m.code.source);
  }
  // A library's name means the library, even if its import isn't known.
  const isBare =
    value.type === 'unknown' && /^(unbound|anything)$/.test(value.why.cause);
  return (isBare ? nameAlone(name) : null) ?? value;
}

function sequence(m: Machine, node: SyntaxNode): Value {
  const items: Value[] = [];
  let isKnown = true;
  for (const group of groups(node)) {
    const value = evaluate(m, group[group.length - 1]);
    if (group.length === 1) {
      items.push(putBy(m, value, group[0]));
    } else if (
      group[0].name === '*' &&
      (value.type === 'tuple' || (value.type === 'list' && !value.lost)) &&
      items.length + value.items.length <= MAX_ITEMS
    ) {
      m.work(value.items.length);
      items.push(...value.items);
    } else {
      isKnown = false;
      items.push(value);
    }
  }
  if (!isKnown) {
    return m.unknown(items, m.place(node.from));
  }
  const { cell } = m.code;
  const whole = { cell, from: node.from, to: node.to };
  return node.name === 'ArrayExpression'
    ? { type: 'list', items, lost: null, whole }
    : { type: 'tuple', items };
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
      seeName(m, group[2], value);
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
    return evaluateParts(m, node);
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
    return evaluateParts(m, node);
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
