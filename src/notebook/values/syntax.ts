/** What Lezer's tree of a Python source says, in the terms of Python's grammar. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';

/** An argument of a call. */
export interface IArgument {
  readonly node: SyntaxNode;
  /** Its name; `*` and `**` for those that stand for several. */
  readonly name: string | null;
  /** The name that it binds, as in `f(name := value)`. */
  readonly binds?: SyntaxNode;
}

/** The arguments of a call; null if the tree is ambiguous. */
export function argumentsOf(
  list: SyntaxNode,
  source: string
): IArgument[] | null {
  const found: IArgument[] = [];
  for (const [first, ...rest] of groups(list)) {
    if (first.name === '*' || first.name === '**') {
      if (rest.length !== 1) {
        return null;
      }
      found.push({ node: rest[0], name: first.name });
    } else if (rest.length === 0) {
      found.push({ node: first, name: null });
    } else if (rest.length === 2 && rest[0].name === 'AssignOp') {
      const isWalrus = source[rest[0].from] === ':';
      found.push(
        isWalrus
          ? { node: rest[1], name: null, binds: first }
          : { node: rest[1], name: source.slice(first.from, first.to) }
      );
    } else {
      return null;
    }
  }
  return found;
}

/** What stands between the commas of a bracketed list. */
export function groups(list: SyntaxNode): SyntaxNode[][] {
  const found: SyntaxNode[][] = [[]];
  for (const child of childrenOf(list)) {
    if (child.name === ',') {
      found.push([]);
    } else if (!/^[()[\]{}]$/.test(child.name)) {
      found[found.length - 1].push(child);
    }
  }
  return found.filter(group => group.length > 0);
}

/** A parameter as it is written. */
export interface IParameter {
  readonly name: string;
  readonly kind: 'positional' | 'keyword' | 'rest';
  readonly initial: SyntaxNode | null;
}

/** The parameters of a function or lambda. */
export function parametersOf(
  list: SyntaxNode | null,
  source: string
): IParameter[] {
  const found: IParameter[] = [];
  let kind: IParameter['kind'] = 'positional';
  for (const group of list === null ? [] : groups(list)) {
    const star = group[0].name === '*' || group[0].name === '**';
    const name = group[star ? 1 : 0];
    if (name?.name === 'VariableName') {
      const sign = group.findIndex(node => node.name === 'AssignOp');
      found.push({
        name: source.slice(name.from, name.to),
        kind: star ? 'rest' : kind,
        initial: sign === -1 ? null : (group[sign + 1] ?? null)
      });
    }
    kind = star ? 'keyword' : kind;
  }
  return found;
}

/**
 * A node and the nodes in it, in order, without those in nodes that aren't
 * entered.
 */
export function* within(
  node: SyntaxNode,
  enters: (node: SyntaxNode) => boolean = () => true
): Generator<SyntaxNode> {
  const cursor = node.cursor();
  for (let depth = 0; ;) {
    const next = cursor.node;
    yield next;
    if ((depth === 0 || enters(next)) && cursor.firstChild()) {
      depth++;
      continue;
    }
    while (depth > 0 && !cursor.nextSibling()) {
      cursor.parent();
      depth--;
    }
    if (depth === 0) {
      return;
    }
  }
}

/** Whether a function's own body, not one inside of it, holds such a node. */
export function holds(node: SyntaxNode, names: readonly string[]): boolean {
  const own = within(node, ({ name }) => !isScope(name));
  for (const inner of own) {
    if (inner !== node && names.includes(inner.name)) {
      return true;
    }
  }
  return false;
}

/** Whether a node of that name has names of its own. */
export function isScope(name: string): boolean {
  return /^(FunctionDefinition|LambdaExpression|ClassDefinition)$/.test(name);
}

/** Whether there is a syntax error in a node. */
export function hasErrors(node: SyntaxNode): boolean {
  for (const inner of within(node)) {
    if (isError(inner)) {
      return true;
    }
  }
  return false;
}

/** Whether a node is a syntax error. */
export function isError({ type, parent }: SyntaxNode): boolean {
  // The parser asks for a value after `yield`, which needs none.
  return type.isError && parent?.name !== 'YieldExpression';
}

/** Identifiers in a node, those in strings left out. */
export function namesIn(node: SyntaxNode, source: string): Set<string> {
  const names = new Set<string>();
  for (const { name, from, to, type } of within(node)) {
    if (/Name$/.test(name) || type.isError) {
      for (const [word] of source
        .slice(from, to)
        .matchAll(/[\p{L}_][\p{L}\p{N}_]*/gu)) {
        names.add(word);
      }
    }
  }
  return names;
}

/** The sides of an assignment: groups of targets, and the values last. */
export function sidesOf(node: SyntaxNode): SyntaxNode[][] {
  const sides: SyntaxNode[][] = [[]];
  for (const child of childrenOf(node)) {
    if (child.name === 'AssignOp') {
      sides.push([]);
    } else if (child.name !== 'TypeDef') {
      sides[sides.length - 1].push(child);
    }
  }
  return sides;
}

/** Whether `not` was read to hold an `and` or `or`, which Python has outside of it. */
export function isMisread(node: SyntaxNode): boolean {
  let operand = node;
  while (
    operand.name === 'UnaryExpression' &&
    operand.firstChild?.name === 'not'
  ) {
    operand = operand.lastChild!;
  }
  return (
    operand !== node &&
    operand.name === 'BinaryExpression' &&
    childrenOf(operand).some(({ name }) => name === 'and' || name === 'or')
  );
}

/** Parts of a node that are expressions. */
export function expressionsOf(node: SyntaxNode): SyntaxNode[] {
  return childrenOf(node).filter(isExpression);
}
