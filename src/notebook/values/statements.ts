/** What statements do to names. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf, isExpression } from '../strings/evaluate';
import { bindTarget, bindTargets } from './bindings';
import { anyOf, assumeChanged, iterated } from './comprehensions';
import { runClass } from './classes';
import {
  condition,
  evaluate,
  KNOWN_ATTRIBUTES,
  openText,
  textAt,
  values
} from './expressions';
import { makeFunction } from './functions';
import type { Machine } from './machine';
import type { Changes } from './memory';
import { operate } from './operators';
import { hasErrors, isMisread, namesIn, sidesOf } from './syntax';
import { NONE, unknown } from './value';
import type { IBinding, Value } from './value';

/** Go through the statements of a body. */
export function runBody(m: Machine, node: SyntaxNode): void {
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (m.hasEnded) {
      return;
    }
    if (isExpression(child) && child.name !== 'Comment') {
      runStatement(m, child);
    }
  }
}

/** Go through a statement. */
export function runStatement(m: Machine, node: SyntaxNode): void {
  m.step();
  m.deeper(() => run(m, node));
}

/** A statement that isn't read surely: any of its names may be another by then. */
export function distrust(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  for (const name of namesIn(node, m.code.source)) {
    const { value } = m.name(name, place);
    m.lose(value, { cause: 'syntax', place });
    m.bind(name, { value: unknown('syntax', place), place });
  }
}

function run(m: Machine, node: SyntaxNode): void {
  switch (node.name) {
    case 'AssignStatement':
      return assign(m, node);
    case 'UpdateStatement':
      return update(m, node);
    case 'IfStatement':
      return runIf(m, node);
    case 'ForStatement':
    case 'WhileStatement':
      return loop(m, node);
    case 'TryStatement':
      return runTry(m, node);
    case 'WithStatement':
      return runWith(m, node);
    case 'MatchStatement':
      return runMatch(m, node);
    case 'FunctionDefinition':
    case 'ClassDefinition':
      return define(m, node, []);
    case 'DecoratedStatement':
      return decorated(m, node);
    case 'ImportStatement':
      return runImport(m, node);
    case 'DeleteStatement':
      childrenOf(node)
        .filter(isExpression)
        .forEach(part => remove(m, part));
      return;
    case 'ReturnStatement':
      return runReturn(m, node);
    case 'StatementGroup':
    case 'Script':
      return runBody(m, node);
    case 'TypeDefinition':
      return distrust(m, node);
    case 'ScopeStatement':
      return declare(m, node);
    default:
      childrenOf(node)
        .filter(isExpression)
        .forEach(part => evaluate(m, part));
  }
}

/** `global name` in a class: it is bound in the notebook from here on. */
function declare(m: Machine, node: SyntaxNode): void {
  if (m.scope.kind === 'class') {
    distrust(m, node);
    const place = m.place(node.from);
    namesIn(node, m.code.source).forEach(name =>
      m.stick(name, { cause: 'run', place })
    );
  }
}

function assign(m: Machine, node: SyntaxNode): void {
  const sides = sidesOf(node);
  const right = sides.pop()!;
  if (sides.length === 0) {
    return; // `name: type` binds nothing.
  }
  const binding = values(m, right, m.place(right[0].from));
  for (const targets of sides) {
    bindTargets(m, targets, binding);
  }
}

/** `name += value`. */
function update(m: Machine, node: SyntaxNode): void {
  const [target, operator, ...rest] = childrenOf(node);
  const place = m.place(target.from);
  const before = evaluate(m, target);
  const right = values(m, rest, place).value;
  const sign = textAt(m, operator).slice(0, -1);
  let value: Value;
  if (before.type === 'list' || before.type === 'dict') {
    value = m.unknown([before, right], place);
  } else if (sign === '+' && before.type === 'text') {
    const other = openText(m, right, rest[0]);
    value =
      other === null
        ? m.each([before, right], pair => added(m, pair, sign, node), place)
        : (operate('+', before, other) ?? unknown('limit', place));
  } else {
    value = m.each([before, right], pair => added(m, pair, sign, node), place);
  }
  if (value.type === 'text') {
    m.make(node.from, node.to, value);
  }
  bindTarget(m, target, { value, place });
}

function added(
  m: Machine,
  [left, right]: readonly Value[],
  sign: string,
  node: SyntaxNode
): Value {
  const isChanged = left.type === 'list' || left.type === 'dict';
  const value = isChanged ? null : operate(sign, left, right);
  return value ?? m.unknown([left, right], m.place(node.from));
}

function runIf(m: Machine, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const bodies = parts.filter(({ name }) => name === 'Body');
  const tests = parts
    .filter(isExpression)
    .filter(({ name }) => name !== 'Body');
  follow(0);

  /** Go through the branch of that number, or those behind it. */
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

function loop(m: Machine, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const place = m.place(node.from);
  const [body, other] = parts.filter(({ name }) => name === 'Body');
  const start = parts.findIndex(({ name }) => name === 'in');
  const first = parts.findIndex(
    ({ name }) => name === 'for' || name === 'while'
  );
  const isFor = node.name === 'ForStatement';
  const sources = isFor ? parts.slice(start + 1, parts.indexOf(body)) : [];
  const items =
    sources.length === 1
      ? iterated(m, sources[0])
      : isFor
        ? listed(values(m, sources, place).value)
        : null;
  const targets = parts.slice(first + 1, start);
  const round = () => {
    if (isFor) {
      bindTargets(m, targets, anyOf(items, m.place(targets[0].from)));
    } else {
      condition(m, parts[first + 1]);
    }
    runBody(m, body);
  };
  m.branching++;
  // What a round changes, the next one finds changed.
  const begin = m.memory.mark();
  assumeChanged(m, 'loop', m.place(node.from), round);
  const log = m.memory.markLog();
  round();
  m.memory.rewind(begin);
  m.memory.join([m.memory.logged(log)], false, 'loop', place);
  if (other) {
    m.memory.branch([() => runBody(m, other)], false, 'loop', place);
  }
  m.branching--;
}

function listed(value: Value): Value[] | null {
  return value.type === 'tuple' ? [...value.items] : null;
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
  // The body may be broken off anywhere.
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
  // Others may end it early, and let nobody know.
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

function define(
  m: Machine,
  node: SyntaxNode,
  decorators: readonly Value[]
): void {
  const name = node.getChild('VariableName');
  if (name === null) {
    return;
  }
  const place = m.place(name.from);
  let value: Value =
    node.name === 'ClassDefinition'
      ? runClass(m, node)
      : makeFunction(m, node, m.scope.kind === 'class');
  if (decorators.length > 0) {
    value = m.unknown([value, ...decorators], place);
  }
  // What types are worth matters to nobody, but they are worked out.
  m.bind(textAt(m, name), { value, place });
}

function decorated(m: Machine, node: SyntaxNode): void {
  const decorators = node.getChildren('Decorator').map(part => {
    const inner = childrenOf(part).filter(isExpression);
    return m.unknown(
      inner
        .filter(({ name }) => name !== 'At' && name !== 'PropertyName')
        .filter(({ name }) => name !== 'ArgList')
        .map(item => evaluate(m, item)),
      m.place(part.from)
    );
  });
  const definition =
    node.getChild('FunctionDefinition') ?? node.getChild('ClassDefinition');
  if (definition !== null) {
    define(m, definition, decorators);
  }
}

function runImport(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  const parts = childrenOf(node);
  const at = parts.findIndex(({ name }) => name === 'import');
  const isFrom = parts[0].name === 'from';
  const origin = isFrom
    ? parts
        .slice(1, at)
        .map(part => textAt(m, part))
        .join('')
    : '';
  m.unknown([], place);
  if (parts.some(({ name }) => name === '*')) {
    m.forget('anything', place);
    return;
  }
  let path = '';
  let first: SyntaxNode | null = null;
  let alias: SyntaxNode | null = null;
  for (const part of [...parts.slice(at + 1), null]) {
    if (part?.name === 'VariableName') {
      if (alias === null && first !== null && path.endsWith(' as ')) {
        alias = part;
      } else {
        first ??= part;
        path += textAt(m, part);
      }
    } else if (part?.name === '.') {
      path += '.';
    } else if (part?.name === 'as') {
      path += ' as ';
    } else if (part === null || part.name === ',') {
      if (first !== null) {
        const name = path.split(' ')[0];
        const known = isFrom ? `${origin}.${name}` : name;
        const value: Value =
          isFrom && KNOWN_ATTRIBUTES.has(known)
            ? { type: 'builtin', name: known }
            : !isFrom && /^(textwrap|inspect)$/.test(known)
              ? { type: 'module', name: known }
              : unknown('run', place);
        if (/^(builtins|__main__)\b/.test(isFrom ? origin : name)) {
          m.forget('anything', place);
        }
        m.bind(textAt(m, alias ?? first), { value, place });
      }
      path = '';
      first = alias = null;
    }
  }
}

function remove(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  if (node.name === 'VariableName') {
    m.unknown([], place);
    m.bind(textAt(m, node), undefined);
  } else {
    bindTarget(m, node, { value: NONE, place });
  }
}

function runReturn(m: Machine, node: SyntaxNode): void {
  const place = m.place(node.from);
  const parts = childrenOf(node).slice(1);
  const binding: IBinding =
    parts.length === 0 ? { value: NONE, place } : values(m, parts, place);
  m.returns.push(binding);
  m.hasEnded = m.branching === 0;
}
