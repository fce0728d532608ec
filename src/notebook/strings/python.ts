/** All strings of a Python source. */
import type { Parser, SyntaxNode } from '@lezer/common';

import { childrenOf, evaluate, isExpression, verbatimText } from './evaluate';
import type { IText } from './evaluate';
import { cellMagic, parseWithMagics } from './magics';
import type { IFindContext, IFoundText } from './types';

/**
 * Find the strings of a Python source, in order.
 *
 * A string is the largest expression of literals whose text is known without
 * running it. The body of a cell magic for another language is one text.
 */
export function findPythonStrings(
  source: string,
  parser: Parser,
  context: IFindContext
): IFoundText[] {
  const magic = cellMagic(source);
  const found: IFoundText[] = [];
  if (magic !== null && magic.holds !== 'python') {
    const body = verbatimText('raw', source, magic.body, source.length);
    if (body.value.trim() !== '') {
      found.push(asFound(body, [magic.body, source.length]));
    }
    if (magic.holds === 'text') {
      return found;
    }
  }
  const strings: IFoundText[] = [];
  visit(parseWithMagics(source, parser).topNode);
  return [...strings, ...found];

  function visit(node: SyntaxNode): void {
    const text = evaluate(node, source, context);
    if (text === null) {
      childrenOf(node).forEach(visit);
      return;
    }
    const problem = surroundings(node, source, context);
    strings.push({
      ...asFound(
        problem === null
          ? text
          : { ...text, problems: [...text.problems, problem] },
        [node.from, node.to]
      ),
      ...variableOf(node, source)
    });
  }
}

function asFound(
  { problems, ...text }: IText,
  span: readonly [number, number]
): IFoundText {
  return {
    ...text,
    span,
    ...(problems.length > 0 ? { problem: problems.join(' ') } : {})
  };
}

/** The variable that an expression is assigned to. */
function variableOf(node: SyntaxNode, source: string): { variable?: string } {
  const parent = node.parent;
  if (parent?.name !== 'AssignStatement') {
    return {};
  }
  const names = childrenOf(parent).filter(isExpression);
  const target = names[0];
  return names.length <= 3 &&
    names[names.length - 1].from === node.from &&
    target.name === 'VariableName'
    ? { variable: source.slice(target.from, target.to) }
    : {};
}

/** What code around a text does to it that only running it would tell. */
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
        'What “%1” makes of it is known only at run time; this is the text before that.',
        means
      );
}
