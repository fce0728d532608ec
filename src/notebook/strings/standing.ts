/** The purpose of a string, as far as the code around it shows. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from './evaluate';
import { splitLiteral } from './literal';
import type { Standing } from './types';

/** What shows its text to a person. */
const NOTICES = new Set(
  (
    'print pprint input getpass warn debug info warning error exception critical log ' +
    'title suptitle set_title xlabel ylabel set_xlabel set_ylabel'
  ).split(' ')
);

/** What a string at a node is for; undefined where the code says nothing. */
export function standingOf(
  node: SyntaxNode,
  source: string
): Standing | undefined {
  let child = node;
  let parent = node.parent;
  while (parent?.name === 'ParenthesizedExpression') {
    child = parent;
    parent = parent.parent;
  }
  switch (parent?.name) {
    case 'DictionaryExpression':
      return besideColon(child, source);
    case 'ArgList':
      return argument(child, parent, source);
    case 'ExpressionStatement':
      return isDocstring(parent) ? 'docstring' : undefined;
    case 'AssertStatement':
    case 'RaiseStatement':
      return 'notice';
    case 'MemberExpression':
    case 'ArrayExpression':
    case 'TupleExpression':
      return isSubscript(child, parent) ? 'subscript' : undefined;
    default:
      return undefined;
  }
}

/** A dictionary's key, or the value of its key `role`. */
function besideColon(node: SyntaxNode, source: string): Standing | undefined {
  if (neighbour(node, 'nextSibling')?.name === ':') {
    return 'key';
  }
  const colon = neighbour(node, 'prevSibling');
  const key = colon && neighbour(colon, 'prevSibling');
  const literal =
    key?.name === 'String' ? splitLiteral(source, key.from, key.to) : null;
  return literal && source.slice(literal.from, literal.to) === 'role'
    ? 'role'
    : undefined;
}

function argument(
  node: SyntaxNode,
  list: SyntaxNode,
  source: string
): Standing | undefined {
  const sign = neighbour(node, 'prevSibling');
  if (sign?.name === 'AssignOp') {
    const name = neighbour(sign, 'prevSibling');
    return name && source.slice(name.from, name.to) === 'role'
      ? 'role'
      : undefined;
  }
  const call = list.parent;
  if (call?.name !== 'CallExpression') {
    return undefined;
  }
  if (call.parent?.name === 'RaiseStatement') {
    return 'notice';
  }
  const callee = call.firstChild;
  const last = callee?.name === 'MemberExpression' ? callee.lastChild : callee;
  return last && NOTICES.has(source.slice(last.from, last.to))
    ? 'notice'
    : undefined;
}

/** Whether a statement is the first of a function's or a class's body. */
function isDocstring(statement: SyntaxNode): boolean {
  const body = statement.parent;
  const owner = body?.parent?.name ?? '';
  return (
    body?.name === 'Body' &&
    /^(?:Function|Class)Definition$/.test(owner) &&
    neighbour(statement, 'prevSibling')?.name === ':'
  );
}

/** Whether a node stands in brackets behind an object, alone or in a list there. */
function isSubscript(node: SyntaxNode, parent: SyntaxNode): boolean {
  let child = node;
  let owner: SyntaxNode | null = parent;
  while (owner && /^(?:Array|Tuple)Expression$/.test(owner.name)) {
    child = owner;
    owner = owner.parent;
  }
  return (
    owner?.name === 'MemberExpression' &&
    childrenOf(owner)[0]?.from !== child.from
  );
}

/** The nearest node beside another that is no comment. */
function neighbour(
  node: SyntaxNode,
  side: 'nextSibling' | 'prevSibling'
): SyntaxNode | null {
  let other = node[side];
  while (other?.name === 'Comment') {
    other = other[side];
  }
  return other;
}
