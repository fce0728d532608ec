/** The notebook's functions: calls of them, and their bodies. */
import type { SyntaxNode } from '@lezer/common';

import { bindingOf, evaluate, runBody } from './walk';
import type { IAnytime, Machine } from './machine';
import { Scope } from './memory';
import { namesOf } from './scopes';
import { holds, parametersOf } from './syntax';
import { choose } from './choose';
import { NONE, unknown } from './value';
import type { IBinding, IFunctionValue, IPlace, Value } from './value';

/** What a call passes. */
export interface IPassed {
  readonly positional: readonly IBinding[];
  readonly keyword: ReadonlyMap<string, IBinding>;
  /** Why it may pass more; null where it doesn't. */
  readonly open: Value | null;
  /** All values that it passes. */
  readonly all: readonly Value[];
}

/** The moment of a definition that isn't known. */
const UNSURE = -1;

/** Limit on nested calls. */
const MAX_CALLS = 4;

/** Make a function of its definition; its defaults are evaluated now. */
export function makeFunction(
  m: Machine,
  node: SyntaxNode,
  isMethod: boolean
): IFunctionValue {
  const { cell, source } = m.code;
  const defaults = new Map<string, IBinding>();
  const parameters = parametersOf(node.getChild('ParamList'), source);
  for (const { name, initial } of parameters) {
    if (initial !== null) {
      defaults.set(name, { ...bindingOf(m, initial), isDefault: true });
    }
  }
  const of = (kind: string) =>
    parameters.filter(item => item.kind === kind).map(({ name }) => name);
  const key = `${cell}:${node.from}`;
  const value: IFunctionValue = {
    type: 'function',
    key,
    node,
    cell,
    scope: m.scope,
    parameters: {
      positional: of('positional'),
      keyword: of('keyword'),
      rest: of('rest'),
      defaults
    },
    // In a branch, the last binding may belong to another way.
    order: m.branching > 0 ? UNSURE : m.memory.order,
    isLazy:
      node.getChild('async') !== null ||
      holds(node, ['YieldExpression', 'YieldStatement', 'AwaitExpression']),
    isMethod
  };
  m.functions.set(key, { value, code: m.code });
  return value;
}

/** Call a function: evaluate its body with the arguments. */
export function runFunction(
  m: Machine,
  called: IFunctionValue,
  passed: IPassed,
  place: IPlace
): Value {
  const entry = m.functions.get(called.key);
  if (
    entry === undefined ||
    called.isLazy ||
    m.calls >= MAX_CALLS ||
    m.returns.length > MAX_RETURNS
  ) {
    return m.unknown([called, ...passed.all], place);
  }
  m.called.add(called.key);
  m.scan(called.node);
  const scope = scopeOf(called, entry.code.source);
  const before = [m.returns, m.hasEnded, m.branching] as const;
  m.returns = [];
  m.hasEnded = false;
  m.branching = 0;
  m.calls++;
  const mark = m.memory.mark();
  const log = m.memory.markLog();
  m.inside(scope, entry.code, () => {
    bindParameters(m, called, passed, place);
    body(m, called);
  });
  m.calls--;
  const { returns, hasEnded } = m;
  [m.returns, m.hasEnded, m.branching] = before;
  // If it may return early, names outside of it may keep their values.
  const isSure = hasEnded ? returns.length === 1 : returns.length === 0;
  if (!isSure) {
    m.memory.rewind(mark);
    const changes = m.memory.logged(log);
    changes.delete(scope);
    m.memory.join([changes], false, 'branch', place);
  }
  const all = hasEnded ? returns : [...returns, { value: NONE, place }];
  return choose(all, false, 'branch', place, m.memory.onLose).value;
}

const MAX_RETURNS = 100;

/** Evaluate a function's body as code that may run at any time. */
export function runAtAnyTime(m: Machine, called: IFunctionValue): void {
  const entry = m.functions.get(called.key)!;
  const isEscaped = m.escaped.has(called.key) || called.isLazy;
  const { order } = called;
  const isAny = isEscaped || order === UNSURE;
  const anytime: IAnytime = { order, isEscaped: isAny };
  const { node, cell, parameters } = called;
  const place = { cell, at: node.from };
  m.enter(entry.code, true);
  m.anytime = anytime;
  m.inside(scopeOf(called, entry.code.source), entry.code, () => {
    const all = [
      ...parameters.positional,
      ...parameters.keyword,
      ...parameters.rest
    ];
    for (const name of all) {
      const initial = parameters.defaults.get(name);
      m.bind(
        name,
        initial !== undefined && !isEscaped
          ? initial
          : { value: unknown('parameter', place), place }
      );
    }
    body(m, called);
  });
  m.anytime = null;
}

function body(m: Machine, { node }: IFunctionValue): void {
  if (node.name === 'LambdaExpression') {
    const inner = node.lastChild!;
    m.returns.push({ value: evaluate(m, inner), place: m.place(inner.from) });
    m.hasEnded = true;
  } else {
    runBody(m, node.getChild('Body')!);
  }
}

function bindParameters(
  m: Machine,
  { parameters }: IFunctionValue,
  { positional, keyword, open }: IPassed,
  place: IPlace
): void {
  const lost = open ?? unknown('parameter', place);
  const bind = (name: string, given: IBinding | undefined) => {
    const value =
      given ??
      keyword.get(name) ??
      (open === null ? parameters.defaults.get(name) : undefined);
    m.bind(
      name,
      value === undefined
        ? { value: lost, place }
        : { ...value, place: value.isDefault ? value.place : place }
    );
  };
  parameters.positional.forEach((name, index) => bind(name, positional[index]));
  parameters.keyword.forEach(name => bind(name, undefined));
  parameters.rest.forEach(name =>
    m.bind(name, { value: unknown('parameter', place), place })
  );
}

/** The scope of a function's body. */
function scopeOf(
  { node, scope: outer }: IFunctionValue,
  source: string
): Scope {
  const { local, globals, nonlocals } = namesOf(node, source);
  const scope = new Scope('function', outer as Scope, local);
  globals.forEach(name => scope.globals.add(name));
  nonlocals.forEach(name => scope.nonlocals.add(name));
  return scope;
}
