/** What a function may change, whenever it runs. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import { isTemplateMethod } from './libraries';
import { isTextMethod } from './methods';
import { isScope, within } from './syntax';

/** What a function's body may do to names outside of it. */
export interface IEffects {
  /** Names that it binds by `global`, `nonlocal`, or `:=` in a generator. */
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
    } else if (inner.name === 'AssignOp' && name === ':=') {
      const target = inner.prevSibling;
      if (target !== null && isOutside(inner, node)) {
        binds.add(source.slice(target.from, target.to));
      }
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

/** Whether what `:=` binds belongs to what is around a node. */
function isOutside(sign: SyntaxNode, node: SyntaxNode): boolean {
  let inner = sign;
  while (inner.from >= node.from && inner.to <= node.to) {
    const outer = inner.parent;
    if (outer === null) {
      return true;
    }
    // A comprehension's `:=` binds a name of what is around it.
    if (isScope(outer.name) && inner.name !== 'ParamList') {
      return outer.from < node.from || outer.to > node.to;
    }
    inner = outer;
  }
  return true;
}

/** Calls whose value stands for all names, or for what may run any code. */
const STANDS = /^(get_ipython|globals|locals|vars)$/;

/** Methods of such a value that keep nothing of it. */
const AT_ONCE =
  /^(clear|copy|get|getoutput|items|keys|pop|setdefault|system|update|values)$/;

/**
 * Whether code may keep what one of `WILD` gives: an alias of a dictionary of all
 * names, or functions that run any code.
 */
export function isKept(node: SyntaxNode, source: string): boolean {
  const textOf = ({ from, to }: SyntaxNode) => source.slice(from, to);
  const isCallee = (inner: SyntaxNode) =>
    inner.parent?.name === 'CallExpression' && inner.nextSibling !== null;
  const name = textOf(node);
  if (!isCallee(node) || !(STANDS.test(name) || name === 'setattr')) {
    return true;
  }
  if (name === 'setattr') {
    return false;
  }
  const call = node.parent!;
  const outer = call.parent!;
  switch (outer.name) {
    case 'MemberExpression': {
      const property = outer.getChild('PropertyName');
      return (
        call.nextSibling === null ||
        (property !== null &&
          !(AT_ONCE.test(textOf(property)) && isCallee(outer)))
      );
    }
    case 'BinaryExpression':
      return !/^(in|is|not|CompareOp)$/.test(call.prevSibling?.name ?? '');
    case 'ArgList': {
      const callee = outer.prevSibling!;
      return (
        call.prevSibling?.name !== '**' &&
        !HARMLESS.has(textOf(callee)) &&
        !textOf(callee).endsWith('.format_map')
      );
    }
    default:
      return call.prevSibling?.name !== '**';
  }
}

/** Whether code may hold one of `WILD`, found by its words. */
export function maySpellWild(code: string): boolean {
  return SPELLED.test(code);
}

const SPELLED = new RegExp(`(?<![.\\w])(${[...WILD].join('|')}|__main__)\\b`);

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
