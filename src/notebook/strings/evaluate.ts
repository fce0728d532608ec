/** The values of Python expressions of literals, without running them. */
import type { SyntaxNode } from '@lezer/common';

import { MappedBuilder, plain } from '../../session/mapped';
import type { ITextRun, TextKind, TextStep } from '../../session/source';
import { applyStep } from '../../session/steps';
import { readFormat, readPercent } from './format';
import type { IArguments, IFormatted } from './format';
import { charge } from '../values/meter';
import { decodeLiteral, splitLiteral } from './literal';
import type { IFindContext, IFoundField } from './types';

/** The text of an expression. */
export interface IText {
  readonly kind: TextKind;
  readonly value: string;
  readonly map: readonly ITextRun[];
  readonly fields: readonly IFoundField[];
  readonly problems: readonly string[];
  readonly before?: {
    readonly value: string;
    readonly map: readonly ITextRun[];
    readonly fields: readonly IFoundField[];
    readonly steps: readonly TextStep[];
  };
}

/**
 * Limit on nested calls, brackets and `%`. Each copies the text inside of it,
 * so many of them over a long text would take long.
 */
const MAX_DEPTH = 32;

const STRIPS = new Set(['strip', 'lstrip', 'rstrip']);

/**
 * The text of an expression; null when it is none, or when only running it
 * would tell.
 */
export function evaluate(
  node: SyntaxNode,
  source: string,
  context: IFindContext,
  depth = 0
): IText | null {
  if (depth > MAX_DEPTH) {
    return null;
  }
  switch (node.name) {
    case 'String':
    case 'FormatString':
      return literals([node], source, context);
    case 'ContinuedString':
      return literals(childrenOf(node), source, context);
    case 'ParenthesizedExpression': {
      const inner = childrenOf(node).filter(isExpression);
      return inner.length === 1
        ? evaluate(inner[0], source, context, depth + 1)
        : null;
    }
    case 'BinaryExpression': {
      const found = beginning(chainOf(node), source, context, depth);
      return found?.node.to === node.to ? found.text : null;
    }
    case 'CallExpression':
      return call(node, source, context, depth);
    default:
      return null;
  }
}

/** Cost of a step for each line, and of joining texts for each run of a map. */
const LINE = 80;
const RUN = 30;

/** Children are charged in groups of this size, at this cost for each. */
const MANY = 64;
const COST = 30;

/** Children of a node, without comments and errors. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'Comment' && !child.type.isError) {
      children.push(child);
      if (children.length % MANY === 0) {
        charge(MANY * COST);
      }
    }
  }
  return children;
}

/** Whether a node is more than punctuation; those are named as they look. */
export function isExpression(node: SyntaxNode): boolean {
  return /^[A-Z]/.test(node.name) && !/Op$/.test(node.name);
}

/** The arguments of a call. */
export function argumentsOf(list: SyntaxNode, source: string): IArguments {
  const positional: string[] = [];
  const keyword = new Map<string, string>();
  let open = false;
  let item: SyntaxNode[] = [];
  for (const child of childrenOf(list)) {
    if (![',', '(', ')'].includes(child.name)) {
      item.push(child);
      continue;
    }
    const [first, second, third] = item;
    if (first === undefined) {
      continue;
    }
    if (first.name === '*' || first.name === '**') {
      open = true;
    } else if (second?.name === 'AssignOp' && third !== undefined) {
      keyword.set(
        source.slice(first.from, first.to),
        source.slice(third.from, item[item.length - 1].to)
      );
    } else if (!open) {
      positional.push(source.slice(first.from, item[item.length - 1].to));
    }
    item = [];
  }
  return { positional, keyword, open };
}

/** The value of one literal, or of neighbours that Python joins. */
function literals(
  nodes: readonly SyntaxNode[],
  source: string,
  context: IFindContext
): IText | null {
  const decoded = {
    builder: new MappedBuilder(),
    fields: [] as IFoundField[],
    problems: new Set<string>()
  };
  let kind: TextKind = 'string';
  for (const node of nodes) {
    const literal = splitLiteral(source, node.from, node.to);
    if (literal === null || literal.bytes) {
      return null;
    }
    if (literal.format) {
      kind = literal.template ? 'template' : 'f-string';
    }
    decodeLiteral(source, literal, context, decoded);
  }
  const { builder, fields, problems } = decoded;
  return { kind, ...builder.build(), fields, problems: [...problems] };
}

/** A left-associative chain of operations, such as `a + b + c`. */
export interface IChain {
  readonly first: SyntaxNode;
  /** From the innermost: the operation, and its right side. */
  readonly links: readonly {
    readonly node: SyntaxNode;
    readonly operator: SyntaxNode;
    readonly right: SyntaxNode;
  }[];
}

/**
 * The chain that ends with an operation. Its tree is as deep as the chain is
 * long, too deep for recursion.
 */
export function chainOf(node: SyntaxNode): IChain {
  const links = [];
  let first = node;
  while (first.name === 'BinaryExpression') {
    const [left, operator, ...rest] = childrenOf(first);
    const right = rest.pop(); // Behind both words of `not in`.
    if (right === undefined) {
      break;
    }
    links.push({ node: first, operator, right });
    first = left;
  }
  return { first, links: links.reverse() };
}

/**
 * The longest beginning of a chain of `+` and `%` that is a text, and its node;
 * null when there is none.
 */
export function beginning(
  { first, links }: IChain,
  source: string,
  context: IFindContext,
  depth = 0
): { text: IText; node: SyntaxNode } | null {
  const begun =
    first.name === 'BinaryExpression'
      ? null
      : evaluate(first, source, context, depth);
  if (begun === null) {
    return null;
  }
  let text = begun;
  let node = first;
  /** Texts to be joined to `text`, all at once. */
  let others: IText[] = [];
  let filled = depth;
  for (const link of links) {
    const sign = source.slice(link.operator.from, link.operator.to);
    if (sign === '+') {
      const other = evaluate(link.right, source, context, depth + 1);
      if (other === null || other.before || text.before) {
        break;
      }
      others.push(other);
    } else if (sign === '%' && ++filled <= MAX_DEPTH) {
      const left = concatenate([text, ...others]);
      const after = formatted(
        left,
        readPercent(left, operands(link.right, source), context)
      );
      if (after === null) {
        break;
      }
      text = after;
      others = [];
    } else {
      break;
    }
    node = link.node;
  }
  return {
    text: others.length === 0 ? text : concatenate([text, ...others]),
    node
  };
}

/** The values on the right of `%`. */
export function operands(node: SyntaxNode, source: string): IArguments {
  const keyword = new Map<string, string>();
  const text = source.slice(node.from, node.to);
  if (node.name === 'TupleExpression') {
    return argumentsOf(node, source);
  }
  if (node.name === 'DictionaryExpression') {
    const items = childrenOf(node);
    for (let index = 0; index + 2 < items.length; index++) {
      const [key, colon, value] = items.slice(index, index + 3);
      const literal = splitLiteral(source, key.from, key.to);
      if (colon.name === ':' && key.name === 'String' && literal !== null) {
        keyword.set(
          source.slice(literal.from, literal.to),
          source.slice(value.from, value.to)
        );
      }
    }
    return { positional: [], keyword, open: keyword.size === 0 };
  }
  // One value, or a tuple or mapping of which only the name is known.
  return { positional: [text], keyword, open: true };
}

/** `text.strip()`, `text.format(…)`, `dedent(text)`, `cleandoc(text)`. */
function call(
  node: SyntaxNode,
  source: string,
  context: IFindContext,
  depth: number
): IText | null {
  const [callee, list] = childrenOf(node);
  if (callee === undefined || list?.name !== 'ArgList') {
    return null;
  }
  const name = source.slice(callee.from, callee.to);
  if (/^(textwrap\.)?dedent$|^(inspect\.)?cleandoc$/.test(name)) {
    const inner = childrenOf(list).filter(isExpression);
    const text =
      inner.length === 1
        ? evaluate(inner[0], source, context, depth + 1)
        : null;
    return text === null
      ? null
      : stepped(text, {
          name: name.endsWith('dedent') ? 'dedent' : 'cleandoc'
        });
  }
  const [object, dot, method] = childrenOf(callee);
  if (callee.name !== 'MemberExpression' || dot?.name !== '.' || !method) {
    return null;
  }
  const verb = source.slice(method.from, method.to);
  if (!STRIPS.has(verb) && verb !== 'format') {
    return null;
  }
  const text = evaluate(object, source, context, depth + 1);
  if (text === null) {
    return null;
  }
  if (verb === 'format') {
    return formatted(
      text,
      readFormat(text, argumentsOf(list, source), context)
    );
  }
  const inner = childrenOf(list).filter(isExpression);
  if (inner.length === 0) {
    return stepped(text, { name: verb as 'strip' });
  }
  const chars = evaluate(inner[0], source, context, depth + 1);
  const known = inner.length === 1 && chars !== null && !chars.fields.length;
  return known
    ? stepped(text, { name: verb as 'strip', chars: chars.value })
    : source.slice(inner[0].from, inner[0].to) === 'None'
      ? stepped(text, { name: verb as 'strip' })
      : null;
}

/** Number of lines that a step processes one by one. */
export function linesOf(text: string, { name }: TextStep): number {
  const isByLine = name === 'dedent' || name === 'cleandoc';
  let lines = 1;
  for (let at = 0; isByLine && at !== -1; lines++) {
    at = text.indexOf('\n', at + 1);
  }
  return lines;
}

/** A text after a step; with fields, the step waits until they are filled. */
function stepped(text: IText, step: TextStep): IText {
  charge(LINE * (linesOf(text.value, step) + text.map.length));
  const after = applyStep(text, step);
  const fields = after.fields as IFoundField[];
  if (text.fields.length === 0) {
    return { ...text, ...after, fields };
  }
  const {
    value,
    map,
    fields: unfilled,
    steps
  } = text.before ?? {
    ...text,
    steps: []
  };
  return {
    ...text,
    ...after,
    fields,
    before: { value, map, fields: unfilled, steps: [...steps, step] }
  };
}

/** A template; null when the text is filled in already. */
function formatted(text: IText, template: IFormatted): IText | null {
  return text.fields.length > 0
    ? null
    : {
        kind: 'template',
        value: template.value,
        map: template.map,
        fields: template.fields,
        problems: [...text.problems, ...template.problems]
      };
}

/** Texts joined, in none of which steps still wait. */
function concatenate(texts: readonly IText[]): IText {
  const builder = new MappedBuilder();
  const fields: IFoundField[] = [];
  const problems = new Set<string>();
  let kind: TextKind = 'string';
  for (const text of texts) {
    const shift = builder.length;
    charge(RUN * (1 + text.map.length + text.fields.length));
    builder.pushSlice(text, 0, text.value.length);
    for (const field of text.fields) {
      const [start, end] = field.value;
      fields.push({ ...field, value: [start + shift, end + shift] });
    }
    text.problems.forEach(problem => problems.add(problem));
    kind = kind === 'string' ? text.kind : kind;
  }
  return { kind, ...builder.build(), fields, problems: [...problems] };
}

/** A whole text that stands in its source as it is. */
export function verbatimText(
  kind: TextKind,
  source: string,
  from: number,
  to: number
): IText {
  return {
    kind,
    ...plain(source.slice(from, to), from),
    fields: [],
    problems: []
  };
}
