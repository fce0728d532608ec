/** What a cell's source says of names: assignments, functions and calls. */
import type { Parser, SyntaxNode, Tree } from '@lezer/common';

import {
  argumentsOf,
  childrenOf,
  evaluate,
  isExpression,
  operands
} from './evaluate';
import type { IArguments } from './format';
import { parseWithMagics } from './magics';
import type { IFindContext } from './types';

/** A literal. */
export interface IKnownLiteral {
  /** What `str` makes of it. */
  readonly text: string;
  /** Whether it is a string, so that its `repr` differs. */
  readonly isString: boolean;
}

/** What an expression is known to be: a literal, or another name. */
export type Known = IKnownLiteral | { readonly name: string };

/** A name that is given a value somewhere. */
export interface IAssignment {
  readonly name: string;
  readonly known: Known;
  readonly at: number;
  /** Function in whose body it stands; null: for the whole notebook. */
  readonly scope: IFunction | null;
}

/** A function's definition. */
export interface IFunction {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Names in order, `self` and `cls` left out. */
  readonly positional: readonly string[];
  readonly parameters: ReadonlySet<string>;
  readonly defaults: ReadonlyMap<string, Known>;
}

/** A call of a function by its name or as somebody's method. */
export interface ICall {
  readonly name: string;
  readonly positional: readonly (Known | null)[];
  readonly keyword: ReadonlyMap<string, Known>;
  /** Whether `*` or `**` may pass more. */
  readonly open: boolean;
  readonly at: number;
}

/** `NAME.format(…)` or `NAME % …`: the string of that name is a template. */
export interface IFormatCall {
  readonly how: 'format' | 'percent';
  readonly name: string;
  readonly args: IArguments;
  readonly at: number;
}

/** All that a cell says. */
export interface IFacts {
  readonly assignments: readonly IAssignment[];
  readonly functions: readonly IFunction[];
  readonly calls: readonly ICall[];
  readonly formats: readonly IFormatCall[];
}

/** What ends a parameter's name and type. */
const SIGNS = new Set([',', 'AssignOp']);

/** Read a Python source. */
export function readFacts(
  source: string,
  parser: Parser,
  context: IFindContext,
  tree: Tree = parseWithMagics(source, parser)
): IFacts {
  const assignments: IAssignment[] = [];
  const functions: IFunction[] = [];
  const calls: ICall[] = [];
  const formats: IFormatCall[] = [];
  const textOf = (node: SyntaxNode) => source.slice(node.from, node.to);
  // Trees may be as deep as the source is long: no function calls itself here.
  const open: [SyntaxNode, IFunction | null][] = [[tree.topNode, null]];
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, scope] = next;
    const inner = visit(node, scope);
    for (let child = node.lastChild; child; child = child.prevSibling) {
      open.push([child, inner]);
    }
  }
  return { assignments, functions, calls, formats };

  /** Read a node; returns the scope of what is in it. */
  function visit(node: SyntaxNode, scope: IFunction | null): IFunction | null {
    switch (node.name) {
      case 'AssignStatement':
        assign(node, scope);
        return scope;
      case 'FunctionDefinition':
        return define(node) ?? scope;
      case 'CallExpression':
        call(node);
        return scope;
      case 'BinaryExpression':
        percent(node);
        return scope;
      default:
        return scope;
    }
  }

  /** `a = b = value`, `a: str = value`, `a, b = value, value`. */
  function assign(node: SyntaxNode, scope: IFunction | null): void {
    const sides: SyntaxNode[][] = [[]];
    for (const child of childrenOf(node)) {
      if (child.name === 'AssignOp') {
        sides.push([]);
      } else if (isExpression(child) && child.name !== 'TypeDef') {
        sides[sides.length - 1].push(child);
      }
    }
    const values = sides.pop()!;
    const known = new Map<number, Known | null>();
    const valueAt = (index: number) => {
      if (!known.has(index)) {
        known.set(index, knownOf(values[index], source, context));
      }
      return known.get(index)!;
    };
    for (const targets of sides) {
      if (targets.length !== values.length) {
        continue;
      }
      targets.forEach((target, index) => {
        const value = target.name === 'VariableName' ? valueAt(index) : null;
        if (value !== null) {
          assignments.push({
            name: textOf(target),
            known: value,
            at: target.from,
            scope
          });
        }
      });
    }
  }

  function define(node: SyntaxNode): IFunction | null {
    const name = node.getChild('VariableName');
    const list = node.getChild('ParamList');
    if (name === null || list === null) {
      return null;
    }
    const positional: string[] = [];
    const parameters = new Set<string>();
    const defaults = new Map<string, Known>();
    const children = childrenOf(list);
    let keywordOnly = false;
    let next = 0;
    children.forEach((child, index) => {
      const before = children[index - 1]?.name;
      if (child.name === '*') {
        keywordOnly = true;
      } else if (child.name === 'VariableName' && before !== 'AssignOp') {
        const parameter = textOf(child);
        parameters.add(parameter);
        if (!keywordOnly && !(positional.length === 0 && isSelf(parameter))) {
          positional.push(parameter);
        }
        // A type may stand between them; the search goes on where it was.
        next = Math.max(next, index + 1);
        while (next < children.length && !SIGNS.has(children[next].name)) {
          next++;
        }
        const sign = children[next];
        const value = sign?.name === 'AssignOp' ? sign.nextSibling : null;
        const known = value ? knownOf(value, source, context) : null;
        if (known !== null) {
          defaults.set(parameter, known);
        }
      }
    });
    const definition = {
      name: textOf(name),
      from: node.from,
      to: node.to,
      positional,
      parameters,
      defaults
    };
    functions.push(definition);
    return definition;
  }

  function percent(node: SyntaxNode): void {
    const [left, operator, right] = childrenOf(node);
    if (right && left.name === 'VariableName' && textOf(operator) === '%') {
      formats.push({
        how: 'percent',
        name: textOf(left),
        args: operands(right, source),
        at: node.from
      });
    }
  }

  function call(node: SyntaxNode): void {
    const [callee, list] = childrenOf(node);
    if (callee === undefined || list?.name !== 'ArgList') {
      return;
    }
    const path = callee.name === 'MemberExpression' ? childrenOf(callee) : [];
    const method = path[1]?.name === '.' ? path[2] : undefined;
    if (method && textOf(method) === 'format') {
      if (path[0].name === 'VariableName') {
        formats.push({
          how: 'format',
          name: textOf(path[0]),
          args: argumentsOf(list, source),
          at: node.from
        });
      }
      return;
    }
    const name = callee.name === 'VariableName' ? callee : method;
    if (!name) {
      return;
    }
    const positional: (Known | null)[] = [];
    const keyword = new Map<string, Known>();
    let open = false;
    let item: SyntaxNode[] = [];
    for (const child of childrenOf(list)) {
      if (![',', '(', ')'].includes(child.name)) {
        item.push(child);
        continue;
      }
      const [first, second, third] = item;
      item = [];
      if (first === undefined) {
        continue;
      }
      if (first.name === '*' || first.name === '**') {
        open = true;
      } else if (second?.name === 'AssignOp' && third !== undefined) {
        const known = knownOf(third, source, context);
        if (known !== null) {
          keyword.set(textOf(first), known);
        }
      } else {
        positional.push(open ? null : knownOf(first, source, context));
      }
    }
    calls.push({
      name: textOf(name),
      positional,
      keyword,
      open,
      at: node.from
    });
  }
}

/** What an expression is known to be; null when only running it would tell. */
export function knownOf(
  node: SyntaxNode,
  source: string,
  context: IFindContext
): Known | null {
  const text = source.slice(node.from, node.to);
  switch (node.name) {
    case 'VariableName':
      return { name: text };
    case 'Boolean':
    case 'None':
      return { text, isString: false };
    case 'Number': {
      // Other ways of writing a number aren't how Python prints it.
      const isPrinted =
        /^(0|[1-9]\d*)$/.test(text) ||
        (/^\d{1,12}\.\d{1,6}$/.test(text) &&
          text.replace(/\.0$/, '') === String(Number(text)));
      return isPrinted ? { text, isString: false } : null;
    }
    default: {
      const found = evaluate(node, source, context);
      return found !== null &&
        found.fields.length === 0 &&
        found.problems.length === 0
        ? { text: found.value, isString: true }
        : null;
    }
  }
}

function isSelf(name: string): boolean {
  return name === 'self' || name === 'cls';
}
