/**
 * The names that functions, lambdas, classes and comprehensions bind
 * themselves.
 */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { isScope, parametersOf, within } from './syntax';

/** Names of a scope. */
export interface INames {
  /** How often its code binds each, parameters among them. */
  readonly local: ReadonlyMap<string, number>;
  readonly globals: ReadonlySet<string>;
  readonly nonlocals: ReadonlySet<string>;
}

/** The names of a function's, lambda's or class's body. */
export function namesOf(node: SyntaxNode, source: string): INames {
  const local = new Map<string, number>();
  const add = (name: string) => local.set(name, (local.get(name) ?? 0) + 1);
  parametersOf(node.getChild('ParamList'), source).forEach(({ name }) =>
    add(name)
  );
  const globals = new Set<string>();
  const nonlocals = new Set<string>();
  for (const inner of within(node, ({ name }) => !isScope(name))) {
    const text = (part: SyntaxNode) => source.slice(part.from, part.to);
    if (inner.name === 'ScopeStatement') {
      const [word, ...names] = childrenOf(inner);
      const into = word.name === 'global' ? globals : nonlocals;
      names.filter(isExpression).forEach(part => into.add(text(part)));
    } else if (inner !== node && isScope(inner.name)) {
      const own = inner.getChild('VariableName');
      if (own && inner.name !== 'LambdaExpression') {
        add(text(own));
      }
    } else {
      boundBy(inner).forEach(part => add(text(part)));
    }
  }
  return { local, globals, nonlocals };
}

/**
 * Whether a name at an offset of a source is the notebook's own, and not that of a
 * function, lambda, class or comprehension around it.
 */
export function isGlobal(
  top: SyntaxNode,
  source: string,
  at: number,
  name: string
): boolean {
  let node: SyntaxNode | null = top.resolveInner(at, 1);
  for (; node !== null; node = node.parent) {
    if (isScope(node.name)) {
      const { local, globals } = namesOf(node, source);
      if (globals.has(name)) {
        return true;
      }
      if (local.has(name)) {
        return false;
      }
    } else if (targetsOf(node).some(part => holdsName(part, source, name))) {
      return false;
    }
  }
  return true;
}

/** Whether a name is nowhere in a source that of a function or the like. */
export function isGlobalEverywhere(
  top: SyntaxNode,
  source: string,
  name: string
): boolean {
  for (const node of within(top)) {
    if (
      isScope(node.name)
        ? namesOf(node, source).local.has(name)
        : targetsOf(node).some(part => holdsName(part, source, name))
    ) {
      return false;
    }
  }
  return true;
}

/** What a comprehension binds: all between its `for` and `in`. */
function targetsOf(node: SyntaxNode): SyntaxNode[] {
  if (!/Comprehension|^ArgList$/.test(node.name)) {
    return [];
  }
  let isTarget = false;
  return childrenOf(node).filter(({ name }) => {
    isTarget = name === 'for' || (isTarget && name !== 'in');
    return isTarget;
  });
}

function holdsName(node: SyntaxNode, source: string, name: string): boolean {
  for (const { name: kind, from, to } of within(node)) {
    if (kind === 'VariableName' && source.slice(from, to) === name) {
      return true;
    }
  }
  return false;
}

/** Names that a statement or expression binds, found by what it looks like. */
function boundBy(node: SyntaxNode): SyntaxNode[] {
  const children = childrenOf(node);
  const names = (parts: readonly SyntaxNode[]): SyntaxNode[] =>
    parts.flatMap(part =>
      part.name === 'VariableName'
        ? [part]
        : /^(TupleExpression|ArrayExpression|ParenthesizedExpression)$/.test(
              part.name
            )
          ? names(childrenOf(part))
          : []
    );
  const until = (name: string) =>
    children.slice(0, children.map(part => part.name).lastIndexOf(name));
  switch (node.name) {
    case 'AssignStatement':
      return names(
        children.some(({ name }) => name === 'AssignOp')
          ? until('AssignOp')
          : children.slice(0, 1)
      );
    case 'UpdateStatement':
    case 'NamedExpression':
      return names(children.slice(0, 1));
    case 'ForStatement':
      return names(
        children.slice(
          0,
          children.findIndex(({ name }) => name === 'in')
        )
      );
    case 'MatchClause':
      return [...within(children[1] ?? node)].filter(
        ({ name }) => name === 'VariableName'
      );
    case 'WithStatement':
    case 'TryStatement':
      return children.filter(
        (part, index) =>
          part.name === 'VariableName' && children[index - 1]?.name === 'as'
      );
    case 'ImportStatement':
      return children.filter(({ name }) => name === 'VariableName');
    case 'DeleteStatement':
    case 'CapturePattern':
      return names(children);
    default:
      return [];
  }
}
