/** What a Python expression of literals is worth, without running it. */
import type { SyntaxNode } from '@lezer/common';

import { MappedBuilder, plain } from '../../session/mapped';
import type { ITextRun, TextKind, TextStep } from '../../session/source';
import { applyStep } from '../../session/steps';
import { readFormat, readPercent } from './format';
import type { IArguments, IFormatted } from './format';
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

const STRIPS = new Set(['strip', 'lstrip', 'rstrip']);

/**
 * The text of an expression; null when it is none, or when only running it
 * would tell.
 */
export function evaluate(
  node: SyntaxNode,
  source: string,
  context: IFindContext
): IText | null {
  switch (node.name) {
    case 'String':
    case 'FormatString':
      return literals([node], source, context);
    case 'ContinuedString':
      return literals(childrenOf(node), source, context);
    case 'ParenthesizedExpression': {
      const inner = childrenOf(node).filter(isExpression);
      return inner.length === 1 ? evaluate(inner[0], source, context) : null;
    }
    case 'BinaryExpression':
      return operation(node, source, context);
    case 'CallExpression':
      return call(node, source, context);
    default:
      return null;
  }
}

/** Children of a node, without comments and errors. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.name !== 'Comment' && !child.type.isError) {
      children.push(child);
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
      kind = 'f-string';
    }
    decodeLiteral(source, literal, context, decoded);
  }
  const { builder, fields, problems } = decoded;
  return { kind, ...builder.build(), fields, problems: [...problems] };
}

/** `text + text` and `text % values`. */
function operation(
  node: SyntaxNode,
  source: string,
  context: IFindContext
): IText | null {
  const [left, operator, right] = childrenOf(node);
  if (right === undefined) {
    return null;
  }
  const sign = source.slice(operator.from, operator.to);
  if (sign !== '+' && sign !== '%') {
    return null;
  }
  const text = evaluate(left, source, context);
  if (text === null) {
    return null;
  }
  if (sign === '+') {
    const other = evaluate(right, source, context);
    return other === null ? null : concatenate(text, other);
  }
  return formatted(text, readPercent(text, operands(right, source), context));
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
  // One value, or a tuple or mapping that only its name is known of.
  return { positional: [text], keyword, open: true };
}

/** `text.strip()`, `text.format(…)`, `dedent(text)`, `cleandoc(text)`. */
function call(
  node: SyntaxNode,
  source: string,
  context: IFindContext
): IText | null {
  const [callee, list] = childrenOf(node);
  if (callee === undefined || list?.name !== 'ArgList') {
    return null;
  }
  const name = source.slice(callee.from, callee.to);
  if (/^(textwrap\.)?dedent$|^(inspect\.)?cleandoc$/.test(name)) {
    const inner = childrenOf(list).filter(isExpression);
    const text =
      inner.length === 1 ? evaluate(inner[0], source, context) : null;
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
  const text = evaluate(object, source, context);
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
  const chars = evaluate(inner[0], source, context);
  const known = inner.length === 1 && chars !== null && !chars.fields.length;
  return known
    ? stepped(text, { name: verb as 'strip', chars: chars.value })
    : source.slice(inner[0].from, inner[0].to) === 'None'
      ? stepped(text, { name: verb as 'strip' })
      : null;
}

/** A text after a step; with fields, the step waits until they are filled. */
function stepped(text: IText, step: TextStep): IText {
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

/** Two texts joined; null where steps still wait in one of them. */
function concatenate(one: IText, other: IText): IText | null {
  if (one.before !== undefined || other.before !== undefined) {
    return null;
  }
  const builder = new MappedBuilder();
  builder.pushSlice(one, 0, one.value.length);
  builder.pushSlice(other, 0, other.value.length);
  const shift = one.value.length;
  return {
    kind: one.kind === 'string' ? other.kind : one.kind,
    ...builder.build(),
    fields: [
      ...one.fields,
      ...other.fields.map(field => ({
        ...field,
        value: [field.value[0] + shift, field.value[1] + shift] as const
      }))
    ],
    problems: [...new Set([...one.problems, ...other.problems])]
  };
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
