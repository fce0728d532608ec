/** What a function may change, whenever it runs. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import { isTemplateMethod } from './libraries';
import { isTextMethod } from './methods';
import { within } from './syntax';

/** What a function's body may do to names outside of it. */
export interface IEffects {
  /** Names that it binds by `global` or `nonlocal`. */
  readonly binds: ReadonlySet<string>;
  /** Names whose values it may change or pass on. */
  readonly touches: ReadonlySet<string>;
  /** Whether it may change any name. */
  readonly isWild: boolean;
}

/** Python's names that may change any name. */
export const WILD = new Set([
  '__builtins__',
  '__import__',
  'builtins',
  'compile',
  'eval',
  'exec',
  'get_ipython',
  'globals',
  'locals',
  'setattr',
  'vars'
]);

/** Python's functions that don't change their arguments. */
export const HARMLESS = new Set([
  'bool',
  'display',
  'float',
  'int',
  'len',
  'print',
  'repr',
  'str',
  'type'
]);

/** Read what a function's body may do. */
export function effectsOf(node: SyntaxNode, source: string): IEffects {
  const binds = new Set<string>();
  const touches = new Set<string>();
  let isWild = false;
  for (const inner of within(node)) {
    const name = source.slice(inner.from, inner.to);
    if (inner.name === 'ScopeStatement') {
      childrenOf(inner).forEach(child =>
        binds.add(source.slice(child.from, child.to))
      );
    } else if (inner.name === 'ImportStatement') {
      isWild ||= /\*/.test(name);
    } else if (inner.name === 'VariableName') {
      isWild ||= WILD.has(name);
      if (!isRead(inner, source)) {
        touches.add(name);
      }
    }
  }
  return { binds, touches, isWild };
}

/** Whether the code only reads a name's value there. */
function isRead(node: SyntaxNode, source: string): boolean {
  let inner = node;
  let outer = node.parent;
  let method = '';
  while (
    outer?.name === 'MemberExpression' &&
    outer.firstChild!.from === inner.from
  ) {
    const property = outer.getChild('PropertyName');
    method = property ? source.slice(property.from, property.to) : '';
    inner = outer;
    outer = outer.parent;
  }
  if (outer?.name === 'FormatReplacement') {
    return true;
  }
  if (
    outer?.name === 'CallExpression' &&
    outer.firstChild!.from === inner.from
  ) {
    return (
      isTextMethod(method) || method === 'format' || isTemplateMethod(method)
    );
  }
  const callee = outer?.name === 'ArgList' ? outer.prevSibling : null;
  return (
    callee?.name === 'VariableName' &&
    HARMLESS.has(source.slice(callee.from, callee.to))
  );
}
