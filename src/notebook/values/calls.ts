/** Calls: of Python's own functions, and of the notebook's. */
import type { SyntaxNode } from '@lezer/common';

import {
  argumentsOf as writtenArguments,
  childrenOf
} from '../strings/evaluate';
import { bindTarget } from './bindings';
import { callBuiltin, callContainer } from './builtins';
import { comprehend, generate } from './comprehensions';
import { assigned, callChain, makeChain } from './chains';
import { appends } from './lists';
import { bindingOf, evaluate, textAt } from './walk';
import { runFunction } from './functions';
import type { IPassed } from './functions';
import type { Machine } from './machine';
import { LIBRARIES } from './libraries';
import { callText } from './methods';
import { seeName } from './operands';
import { byKeyword, entriesOf, isFromCode, named } from './passed';
import {
  callClassMethod,
  callTemplateMethod,
  familyOf,
  makeTemplate
} from './prompts';
import { replaceMarker } from './replace';
import { argumentsOf } from './syntax';
import { fillFormat } from './templates';
import type { IFilling } from './templates';
import { NONE, stringOf, unknown } from './value';
import type { IBinding, IPlace, ITextValue, Value } from './value';

/** Functions that consume their argument at once. */
const CONSUMERS =
  /^(all|any|dict|frozenset|list|max|min|set|sorted|sum|tuple)$/;

/** The value of a call. */
export function call(m: Machine, node: SyntaxNode): Value {
  const [callee, list] = childrenOf(node);
  const place = m.place(node.from);
  if (list?.name !== 'ArgList') {
    return m.unknown([evaluate(m, callee)], place);
  }
  const [object, dot, property] =
    callee.name === 'MemberExpression' ? childrenOf(callee) : [];
  const method = property && dot.name === '.' ? textAt(m, property) : null;
  if (method === null) {
    const name = callee.name === 'VariableName' ? textAt(m, callee) : '';
    const called = evaluate(m, callee);
    const isAtOnce = CONSUMERS.test(name) && m.isPythons(name);
    const passed = pass(m, list, isAtOnce);
    return callValue(m, called, passed, node, place);
  }
  const receiver = evaluate(m, object);
  if (receiver.type === 'module') {
    const known = evaluate(m, callee);
    return callValue(m, known, pass(m, list, false), node, place);
  }
  const passed = pass(m, list, method === 'join' && receiver.type === 'text');
  if (appends(m, receiver, method, list, passed)) {
    return NONE;
  }
  return m.each(
    [receiver],
    ([one]) => callMethod(m, one, method, passed, node, place),
    place
  );
}

function callValue(
  m: Machine,
  called: Value,
  passed: IPassed,
  node: SyntaxNode,
  place: IPlace
): Value {
  if (called.type === 'builtin') {
    const isPlain = passed.keyword.size === 0 && passed.open === null;
    const isSaid = called.name === 'print' || called.name === 'display';
    const value =
      isPlain || isSaid
        ? m.each(
            passed.positional.map(({ value: one }) => one),
            args => callBuiltin(called.name, args) ?? unknown('run', place),
            place
          )
        : null;
    // These don't change their arguments, but may call methods of them.
    if (passed.all.some(isFromCode)) {
      m.unknown(passed.all.filter(isFromCode), place);
    }
    return value ?? unknown('run', place);
  }
  if (called.type === 'function') {
    return runFunction(m, called, passed, place);
  }
  const isDict =
    called.type === 'unknown' &&
    called.why.cause === 'python' &&
    textAt(m, node.firstChild!) === 'dict';
  if (isDict && passed.positional.length === 0 && passed.open === null) {
    return { type: 'dict', entries: byKeyword(passed.keyword), lost: null };
  }
  if (called.type === 'library') {
    const made = makeOf(m, called, passed, node);
    if (made !== null) {
      return made;
    }
  }
  if (called.type === 'chain') {
    const given = callChain(m, called, '__call__', passed, node);
    if (given !== null) {
      return given;
    }
  }
  if (called.type === 'class') {
    const instance: Value = { type: 'instance', methods: called.methods };
    const initial = called.methods.get('__init__');
    if (initial !== undefined) {
      runFunction(m, initial, withSelf(instance, passed, place), place);
    }
    return instance;
  }
  return m.unknown([called, ...passed.all], m.place(node.from));
}

/** What a library's class makes; null where it isn't understood. */
function makeOf(
  m: Machine,
  { family, name }: Value & { type: 'library' },
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const own = familyOf(family, name, passed);
  if (own === null) {
    return null;
  }
  const maker = LIBRARIES[own].makers[name];
  return makeChain(maker, passed) ?? makeTemplate(m, own, maker, passed, node);
}

/** Call a method of a library's; null where it isn't understood. */
function callLibrary(
  m: Machine,
  receiver: Value,
  method: string,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  switch (receiver.type) {
    case 'library':
      return receiver.family === ''
        ? null
        : method === 'assign'
          ? assigned(passed)
          : callClassMethod(
              m,
              receiver.family,
              receiver.name,
              method,
              passed,
              node
            );
    case 'template':
      return callTemplateMethod(m, receiver, method, passed, node);
    case 'chain':
      return callChain(m, receiver, method, passed, node);
    default:
      return null;
  }
}

function callMethod(
  m: Machine,
  receiver: Value,
  method: string,
  passed: IPassed,
  node: SyntaxNode,
  place: IPlace
): Value {
  const isPlain = passed.keyword.size === 0 && passed.open === null;
  const args = passed.positional.map(({ value }) => value);
  if (receiver.type === 'text') {
    if (method === 'format' || method === 'format_map') {
      return format(m, receiver, method, passed, node, place);
    }
    if (method === 'replace') {
      const filled = replaceMarker(m, receiver, passed, node);
      if (filled !== null) {
        return filled;
      }
    }
    const value = isPlain
      ? m.each(
          args,
          given => callText(receiver, method, given) ?? unknown('run', place),
          place
        )
      : unknown('run', place);
    // Methods of strings don't change their arguments; `join` iterates over
    // its.
    return value.type === 'unknown' && args.some(isFromCode)
      ? m.unknown(args, place)
      : value;
  }
  if (receiver.type === 'instance') {
    const found = receiver.methods.get(method);
    if (found !== undefined) {
      return runFunction(m, found, withSelf(receiver, passed, place), place);
    }
  }
  const known = callLibrary(m, receiver, method, passed, node);
  if (known !== null) {
    return known;
  }
  if ((receiver.type === 'list' || receiver.type === 'dict') && isPlain) {
    const value = callContainer(receiver, method, args);
    if (value !== null) {
      return value;
    }
  }
  return m.unknown([receiver, ...passed.all], place);
}

function withSelf(self: Value, passed: IPassed, place: IPlace): IPassed {
  return {
    ...passed,
    positional: [{ value: self, place }, ...passed.positional]
  };
}

/** `text.format(…)`, which fills that text in. */
function format(
  m: Machine,
  text: ITextValue,
  method: string,
  passed: IPassed,
  node: SyntaxNode,
  place: IPlace
): Value {
  if (stringOf(text) === null) {
    return m.unknown([text, ...passed.all], place);
  }
  const [mapping] = passed.positional;
  const entries = method === 'format_map' ? entriesOf(mapping?.value) : null;
  const filling: IFilling =
    method === 'format'
      ? passed
      : {
          positional: [],
          keyword: named(entries, place),
          open: entries === null ? unknown('run', place) : null
        };
  const filled = fillFormat(text, filling, place);
  m.note(sightings =>
    sightings.reach({
      how: { syntax: 'format' },
      text,
      args:
        method === 'format'
          ? writtenArguments(node.lastChild!, m.code.source)
          : { positional: [], keyword: new Map(), open: true }
    })
  );
  for (const field of filled.fields) {
    if (field.place !== null) {
      m.seeAt(`${field.place.cell}:${field.place.at}`, field.binding);
    }
  }
  const isOpen = filled.fields.some(
    ({ binding }) => binding.value.type === 'unknown'
  );
  if (isOpen) {
    m.unknown(passed.all, place);
  }
  return filled.value ?? unknown('run', place);
}

/** Evaluate the arguments of a call, in order. */
function pass(m: Machine, list: SyntaxNode, isAtOnce: boolean): IPassed {
  const place = m.place(list.from);
  if (childrenOf(list).some(({ name }) => name === 'for')) {
    const value = isAtOnce ? comprehend(m, list) : generate(m, list);
    const positional = [{ value, place }];
    return { positional, keyword: new Map(), open: null, all: [value] };
  }
  const args = argumentsOf(list, m.code.source);
  const positional: IBinding[] = [];
  const keyword = new Map<string, IBinding>();
  const all: Value[] = [];
  let open: Value | null = null;
  if (args === null) {
    const value = m.unknown([], place);
    m.forget('syntax', place);
    return { positional: [], keyword, open: value, all: [value] };
  }
  for (const { node, name, binds } of args) {
    const binding = bindingOf(m, node);
    if (binds) {
      bindTarget(m, binds, { ...binding, place: m.place(binds.from) }, true);
    }
    const { value } = binding;
    all.push(value);
    seeName(m, node, value);
    if (name === null) {
      positional.push(
        open === null ? binding : { ...binding, value: unknown('run', place) }
      );
    } else if (name === '*') {
      const items =
        value.type === 'tuple' || (value.type === 'list' && !value.lost)
          ? value.items
          : null;
      if (items === null) {
        open ??= m.unknown([value], place);
      } else {
        m.work(10 * items.length);
        positional.push(
          ...items.map(item => ({ value: item, place: binding.place }))
        );
      }
    } else if (name === '**') {
      const entries = entriesOf(value);
      if (entries === null) {
        open ??= m.unknown([value], place);
      }
      named(entries, binding.place).forEach((item, key) =>
        keyword.set(key, item)
      );
    } else {
      keyword.set(name, binding);
    }
  }
  return { positional, keyword, open, all };
}
