/** Evaluates nodes by their rules. */
import type { SyntaxNode } from '@lezer/common';

import { evaluate as readLiteral, isExpression } from '../strings/evaluate';
import type { IText } from '../strings/evaluate';
import type { Machine } from './machine';
import { truth } from './operators';
import { expressionsOf, namesIn } from './syntax';
import { sizeOf, unitsOf, unknown } from './value';
import type { IBinding, IPlace, IPut, ITextValue, Value } from './value';

/** Longest name of a field, in UTF-16 units. */
const MAX_NAME = 200;

/**
 * The value of an expression; working it out may change what is known.
 *
 * @param node - undefined where somebody is still typing the expression.
 */
export function evaluate(m: Machine, node: SyntaxNode | undefined): Value {
  if (node === undefined) {
    return unknown('syntax', m.place(0));
  }
  m.step();
  const rule = m.rules.expressions.get(node.name) ?? evaluateParts;
  const value = m.deeper(() => rule(m, node));
  m.work(sizeOf(value));
  if (value.type !== 'text') {
    m.make(node, value);
    return value;
  }
  m.step(unitsOf(value));
  const { cell } = m.code;
  const whole = value.whole ?? { cell, from: node.from, to: node.to };
  const text = waiting(m, { ...value, whole }, node);
  m.make(node, text);
  return text;
}

/** An expression as what puts a value into a text; `str(name)` as its name. */
export function putOf(m: Machine, node: SyntaxNode): IPut {
  const [callee, list] =
    node.name === 'CallExpression' ? expressionsOf(node) : [];
  const args = list === undefined ? [] : expressionsOf(list);
  const isPrinted =
    args.length === 1 &&
    args[0].name === 'VariableName' &&
    textAt(m, callee!) === 'str' &&
    m.isPythons('str');
  const written = textAt(m, isPrinted ? args[0] : node);
  return {
    cell: m.code.cell,
    from: node.from,
    to: node.to,
    written: `{${written}}`,
    name: written.replace(/\s+/g, ' ').slice(0, MAX_NAME),
    wanted: textAt(m, node),
    format: ''
  };
}

/**
 * A text with steps that wait for an unknown part: the expression that makes it
 * stands for it.
 */
function waiting(m: Machine, text: ITextValue, node: SyntaxNode): ITextValue {
  const [piece] = text.pieces;
  if (text.before === undefined || !piece?.open || piece.via) {
    return text;
  }
  const put = putOf(m, node);
  const { written } = put;
  return {
    ...text,
    pieces: [
      { ...piece, text: written, cell: put.cell, via: { put, depth: 1 } }
    ]
  };
}

/** An expression's value, and where its name was bound. */
export function bindingOf(m: Machine, node: SyntaxNode): IBinding {
  return boundAs(m, node, evaluate(m, node));
}

/** An expression's known value, and where its name was bound. */
export function boundAs(m: Machine, node: SyntaxNode, value: Value): IBinding {
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

/** Evaluate what Python may skip. */
export function maybe(m: Machine, node: SyntaxNode, work: () => void): void {
  m.work((node.to - node.from) / 10);
  // Only these bind names.
  if (!/:=|\(/.test(textAt(m, node))) {
    work();
    return;
  }
  m.branching++;
  m.memory.branch([work], false, 'branch', m.place(node.from));
  m.branching--;
}

/** Evaluate all parts of an expression that the evaluator doesn't know. */
export function evaluateParts(m: Machine, node: SyntaxNode): Value {
  const values = expressionsOf(node).map(part => evaluate(m, part));
  return m.unknown(values, m.place(node.from));
}

/** The text of a literal, read once. */
export function literalOf(m: Machine, node: SyntaxNode): IText | null {
  const key = `${m.code.cell}:${node.from}`;
  let text = m.literals.get(key);
  if (text === undefined) {
    m.work(100 + (node.to - node.from) / 50);
    text = readLiteral(node, m.code.source, {
      lookup: m.lookup,
      trans: SILENT
    });
    m.literals.set(key, text);
  }
  return text;
}

/** Translations that are discarded. */
export const SILENT = {
  __: (text: string) => text
} as Parameters<typeof readLiteral>[2]['trans'];

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

/** Evaluate the statements of a body. */
export function runBody(m: Machine, node: SyntaxNode): void {
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (m.hasEnded) {
      return;
    }
    if (isExpression(child) && child.name !== 'Comment') {
      runStatement(m, child);
    }
  }
}

/** Evaluate a statement. */
export function runStatement(m: Machine, node: SyntaxNode): void {
  m.step();
  m.deeper(() => {
    const rule = m.rules.statements.get(node.name);
    if (!isWhole(node)) {
      distrust(m, node);
    } else if (rule) {
      rule(m, node);
    } else {
      expressionsOf(node).forEach(part => evaluate(m, part));
    }
  });
}

/** Whether a statement has the first word and the body that it needs: they may be missing while somebody types. */
function isWhole(node: SyntaxNode): boolean {
  if (node.name === 'DecoratedStatement') {
    const inner = node.lastChild;
    return inner !== null && FIRST.has(inner.name) && isWhole(inner);
  }
  const first = FIRST.get(node.name);
  if (first === undefined) {
    return true;
  }
  const word = node.firstChild?.name;
  return (word === first || word === 'async') && node.getChild('Body') !== null;
}

/** The first words of statements with a body. */
const FIRST: ReadonlyMap<string, string> = new Map([
  ['ClassDefinition', 'class'],
  ['ForStatement', 'for'],
  ['FunctionDefinition', 'def'],
  ['IfStatement', 'if'],
  ['TryStatement', 'try'],
  ['WhileStatement', 'while'],
  ['WithStatement', 'with']
]);

/** A statement with syntax errors may bind any of its names. */
export function distrust(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  m.scan(node);
  for (const name of namesIn(node, m.code.source)) {
    const { value } = m.name(name, place);
    m.lose(value, { cause: 'syntax', place });
    m.bind(name, { value: unknown('syntax', place), place });
  }
}
