/** Rules for branches, `try`, `with` and `match`. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { bindTarget } from './bindings';
import { loop } from './loops';
import type { Machine, StatementRule } from './machine';
import type { Changes } from './memory';
import { hasErrors, isMisread, namesIn } from './syntax';
import { unknown } from './value';
import { condition, distrust, evaluate, runBody, textAt } from './walk';

/** Rules by the names of nodes. */
export const BLOCKS: readonly (readonly [string, StatementRule])[] = [
  ['IfStatement', runIf],
  ['ForStatement', loop],
  ['WhileStatement', loop],
  ['TryStatement', runTry],
  ['WithStatement', runWith],
  ['MatchStatement', runMatch]
];

function runIf(m: Machine, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const bodies = parts.filter(({ name }) => name === 'Body');
  const tests = parts
    .filter(isExpression)
    .filter(({ name }) => name !== 'Body');
  follow(0);

  /** Evaluate the branch with that index, or those after it. */
  function follow(index: number): void {
    if (index >= bodies.length) {
      return;
    }
    if (index >= tests.length) {
      runBody(m, bodies[index]);
      return;
    }
    const test = tests[index];
    const is = isMisread(test) ? misread(test) : condition(m, test);
    if (is !== null) {
      if (is) {
        runBody(m, bodies[index]);
      } else {
        follow(index + 1);
      }
      return;
    }
    m.branching++;
    m.memory.branch(
      [
        () => runBody(m, bodies[index]),
        () => m.deeper(() => follow(index + 1))
      ],
      true,
      'branch',
      m.place(test.from)
    );
    m.branching--;
  }

  function misread(test: SyntaxNode): null {
    evaluate(m, test);
    return null;
  }
}

function runTry(m: Machine, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const place = m.place(node.from);
  const { memory } = m;
  const mark = memory.mark();
  const log = memory.markLog();
  const outcomes: Changes[] = [];
  m.branching++;
  const bodies = parts.flatMap((part, index) =>
    part.name === 'Body' ? [{ part, header: headerOf(parts, index) }] : []
  );
  const of = (word: string) =>
    bodies.filter(({ header }) => header[0].name === word);
  [...of('try'), ...of('else')].forEach(({ part }) => runBody(m, part));
  outcomes.push(memory.rewind(mark));
  // The body may end anywhere.
  const broken = memory.logged(log);
  for (const { part, header } of of('except')) {
    memory.join([broken], false, 'branch', place);
    const names = header.filter((_, at) => header[at - 1]?.name === 'as');
    header
      .filter(item => isExpression(item) && !names.includes(item))
      .forEach(item => evaluate(m, item));
    names.forEach(name =>
      m.bind(textAt(m, name), { value: unknown('run', place), place })
    );
    runBody(m, part);
    names.forEach(name => m.bind(textAt(m, name), undefined));
    outcomes.push(memory.rewind(mark));
  }
  memory.join(outcomes, true, 'branch', place);
  for (const { part } of of('finally')) {
    memory.join([memory.logged(log)], false, 'branch', place);
    runBody(m, part);
  }
  m.branching--;
}

/** The word that a body of `try` belongs to, and what stands between them. */
function headerOf(parts: readonly SyntaxNode[], body: number): SyntaxNode[] {
  let start = body;
  while (!/^(try|except|else|finally)$/.test(parts[start].name)) {
    start--;
  }
  return parts.slice(start, body);
}

function runWith(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  if (hasErrors(node)) {
    distrust(m, node);
  }
  const parts = childrenOf(node);
  let isOpen = true;
  parts.forEach((part, index) => {
    const isTarget = parts[index - 1]?.name === 'as';
    if (part.name === 'Body' || !isExpression(part)) {
      return;
    }
    if (isTarget) {
      bindTarget(m, part, { value: unknown('run', place), place });
      return;
    }
    const callee = part.name === 'CallExpression' ? part.firstChild! : null;
    isOpen &&=
      callee?.name === 'VariableName' &&
      textAt(m, callee) === 'open' &&
      m.isPythons('open');
    m.unknown([evaluate(m, part)], place);
  });
  const body = node.getChild('Body');
  if (body === null) {
    return;
  }
  if (isOpen) {
    runBody(m, body);
    return;
  }
  // Other context managers may end the body early without an error.
  m.branching++;
  const mark = m.memory.mark();
  const log = m.memory.markLog();
  runBody(m, body);
  m.memory.rewind(mark);
  m.memory.join([m.memory.logged(log)], false, 'branch', place);
  m.branching--;
}

function runMatch(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  const subject = childrenOf(node).find(isExpression);
  const value = subject ? evaluate(m, subject) : unknown('run', place);
  m.unknown([value], place);
  const clauses = node.getChild('MatchBody')?.getChildren('MatchClause') ?? [];
  m.branching++;
  for (const clause of clauses) {
    // A clause that doesn't match in the end may have bound names before.
    const mark = m.memory.mark();
    const log = m.memory.markLog();
    for (const part of childrenOf(clause).filter(isExpression)) {
      if (part.name === 'Body') {
        runBody(m, part);
      } else if (part.name === 'Guard') {
        childrenOf(part)
          .filter(isExpression)
          .forEach(test => evaluate(m, test));
      } else {
        for (const name of namesIn(part, m.code.source)) {
          m.bind(name, { value: unknown('run', place), place });
        }
      }
    }
    m.memory.rewind(mark);
    m.memory.join([m.memory.logged(log)], false, 'branch', place);
  }
  m.branching--;
}
