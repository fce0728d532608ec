/** All strings of a Python source. */
import type { Parser, SyntaxNode, Tree } from '@lezer/common';

import {
  beginning,
  chainOf,
  childrenOf,
  evaluate,
  isExpression,
  verbatimText
} from './evaluate';
import type { IText } from './evaluate';
import { sourceSpans } from '../../session/mapped';
import type { Span } from '../../session/source';
import { readAiPrompt } from './aimagic';
import { meets, takenByIPython } from './ipython';
import type { ITaken } from './ipython';
import { bounded } from '../values/meter';
import { cellMagic, parseWithMagics } from './magics';
import { atOnce } from './pieces';
import type { Work } from './pieces';
import { standingOf } from './standing';
import type { IFindContext, IFoundText } from './types';
import { visiting } from './visit';

/**
 * Find the strings of a Python source, in order.
 *
 * A string is the largest expression of literals whose text is known without
 * running it. The body of a cell magic for another language is one text.
 */
export function findPythonStrings(
  source: string,
  parser: Parser,
  context: IFindContext,
  tree: Tree = parseWithMagics(source, parser)
): IFoundText[] {
  return atOnce(findingStrings(source, context, tree));
}

/**
 * Limit on the cost of reading a text: its escapes, fields and steps, in units
 * of about 20 ns.
 */
const MAX_COST = 1_000_000;

/** Cost of texts between two pauses, in the same units. */
const COST = 200_000;

/** Number of parts of expressions between two pauses. */
const TOPS = 64;

/** Expressions that may be texts. */
const READ = new Set([
  'String',
  'FormatString',
  'ContinuedString',
  'ParenthesizedExpression',
  'BinaryExpression',
  'CallExpression'
]);

/** `findPythonStrings` in pieces. */
export function* findingStrings(
  source: string,
  context: IFindContext,
  tree: Tree
): Work<IFoundText[]> {
  const magic = cellMagic(source);
  const taken = takenByIPython(source);
  const found: IFoundText[] = [];
  if (magic !== null && magic.holds !== 'python') {
    const written = verbatimText('raw', source, magic.body, source.length);
    const body = magic.name === 'ai' ? readAiPrompt(written, context) : written;
    if (body.value.trim() !== '') {
      found.push(asFound(body, [magic.body, source.length]));
    }
    if (magic.holds === 'text') {
      return found;
    }
  }
  const strings: IFoundText[] = [];
  const open: SyntaxNode[] = [tree.topNode];
  let cost = 0;
  /** Whether so much was read that the page is due for a turn. */
  const isDue = () => {
    const is = cost >= COST;
    cost = is ? 0 : cost;
    return is;
  };
  for (let top = open.pop(), count = 1; top; top = open.pop(), count++) {
    if (count % TOPS === 0) {
      yield;
    }
    yield* visiting(
      top,
      cursor => {
        if (!READ.has(cursor.name)) {
          return true;
        }
        const { node } = cursor;
        const parts = bounded(
          MAX_COST,
          () => look(node),
          () => refuse(node),
          spent => (cost += spent)
        );
        parts?.forEach(part => open.push(part));
        return parts === null;
      },
      isDue
    );
  }
  strings.sort((one, other) => one.span[0] - other.span[0]);
  return [...strings, ...found];

  /**
   * Add the text of a node. Returns the parts to search instead; null stands
   * for all nodes in it.
   */
  function look(node: SyntaxNode): SyntaxNode[] | null {
    if (node.name === 'BinaryExpression') {
      const chain = chainOf(node);
      const begun = beginning(chain, source, context);
      const rest = chain.links.filter(
        link => begun === null || link.node.to > begun.node.to
      );
      if (begun !== null) {
        take(begun.node, begun.text);
      }
      return [
        ...(begun === null ? childrenOf(chain.first) : []),
        ...rest.map(link => link.right)
      ];
    }
    const text = evaluate(node, source, context);
    if (text === null) {
      return null;
    }
    take(node, text);
    return [];
  }

  /**
   * Add a literal that is too expensive to read as it is written; of other
   * expressions, search the parts.
   */
  function refuse(node: SyntaxNode): SyntaxNode[] | null {
    const { from, to } = node;
    if (node.name === 'BinaryExpression') {
      const { first, links } = chainOf(node);
      return [first, ...links.map(({ right }) => right)];
    }
    if (!/String$/.test(node.name)) {
      return null;
    }
    const problem = context.trans.__(
      'This text is too long to be read, so it is shown as it is written in the cell. To analyze a part of it, select that part.'
    );
    const text = verbatimText('raw', source, from, to);
    strings.push(asFound({ ...text, problems: [problem] }, [from, to]));
    return [];
  }

  function take(node: SyntaxNode, text: IText): void {
    const problem = surroundings(node, source, context);
    const problems = [
      ...text.problems,
      ...(problem === null ? [] : [problem]),
      ...changesOf(text, taken, context)
    ];
    const standing = standingOf(node, source);
    strings.push({
      ...asFound({ ...text, problems }, [node.from, node.to]),
      ...variableOf(node, source),
      ...(standing && { standing })
    });
  }
}

/** The literals of a source, in order; those within the fields of others are left out. */
export function literalSpans(tree: Tree): Span[] {
  const spans: Span[] = [];
  tree.iterate({
    enter: ({ name, from, to }) => {
      if (name !== 'String' && name !== 'FormatString') {
        return true;
      }
      spans.push([from, to]);
      return false;
    }
  });
  return spans;
}

/** How the kernel's text differs from this one, in words. */
export function changesOf(
  { map, value }: Pick<IText, 'map' | 'value'>,
  { blanks, margins, prompts }: ITaken,
  { trans }: IFindContext
): string[] {
  if (blanks.length + margins.length + prompts.length === 0) {
    return [];
  }
  const own = sourceSpans(map, [0, value.length]);
  const isChanged = (spans: readonly Span[]) => meets(own, spans);
  return [
    ...(isChanged(blanks)
      ? [
          trans.__(
            'IPython empties lines that hold only blanks: the kernel’s text differs there.'
          )
        ]
      : []),
    ...(isChanged(margins)
      ? [
          trans.__(
            'IPython removes the blanks that all lines of a cell begin with, from this text, too.'
          )
        ]
      : []),
    ...(isChanged(prompts)
      ? [
          trans.__(
            'IPython removes prompts such as “>>> ” at the beginning of lines, from this text, too.'
          )
        ]
      : [])
  ];
}

/** Problems of a text that are reported. */
export const MAX_PROBLEMS = 5;

function asFound(
  { problems, ...text }: IText,
  span: readonly [number, number]
): IFoundText {
  return {
    ...text,
    span,
    ...(problems.length > 0
      ? { problem: problems.slice(0, MAX_PROBLEMS).join(' ') }
      : {})
  };
}

/** The variable that an expression is assigned to. */
export function variableOf(
  node: SyntaxNode,
  source: string
): { variable?: string } {
  const parent = node.parent;
  if (parent?.name !== 'AssignStatement') {
    return {};
  }
  const names = firstExpressions(parent, 4);
  const target = names[0];
  return names.length <= 3 &&
    names[names.length - 1].from === node.from &&
    target.name === 'VariableName'
    ? { variable: source.slice(target.from, target.to) }
    : {};
}

/** The first parts of a node that are more than punctuation. */
function firstExpressions(parent: SyntaxNode, most: number): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  let child = parent.firstChild;
  for (; child && found.length < most; child = child.nextSibling) {
    if (
      child.name !== 'Comment' &&
      !child.type.isError &&
      isExpression(child)
    ) {
      found.push(child);
    }
  }
  return found;
}

/** Code around a text that changes it at run time, in words. */
function surroundings(
  node: SyntaxNode,
  source: string,
  { trans }: IFindContext
): string | null {
  let child = node;
  let parent = node.parent;
  while (parent?.name === 'ParenthesizedExpression') {
    child = parent;
    parent = parent.parent;
  }
  const isFirst = parent?.firstChild?.from === child.from;
  let means: string | null = null;
  if (parent?.name === 'MemberExpression' && isFirst) {
    const [, dot, method] = childrenOf(parent);
    means =
      dot?.name === '.' && method
        ? `.${source.slice(method.from, method.to)}`
        : '[…]';
  } else if (parent?.name === 'BinaryExpression') {
    const operator = childrenOf(parent).find(({ name }) => name === 'ArithOp');
    means = operator ? source.slice(operator.from, operator.to) : null;
  } else if (parent?.name === 'ArgList') {
    const callee = parent.parent?.firstChild;
    const name = callee ? source.slice(callee.from, callee.to) : '';
    const isStep = /^(textwrap\.)?dedent$|^(inspect\.)?cleandoc$/.test(name);
    means = isStep ? name : null;
  }
  return means === null
    ? null
    : trans.__(
        '“%1” changes the text at run time. This is the text before that.',
        means
      );
}
