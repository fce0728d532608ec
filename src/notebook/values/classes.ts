/** Classes of the notebook: their bodies, and the methods that they make. */
import type { SyntaxNode } from '@lezer/common';

import { evaluate, runBody } from './walk';
import type { Machine } from './machine';
import { Scope } from './memory';
import { expressionsOf } from './syntax';
import type { IFunctionValue, Value } from './value';

/** Evaluate a class's body; a class with bases isn't known. */
export function runClass(m: Machine, node: SyntaxNode): Value {
  const place = m.place(node.from);
  const bases = node.getChild('ArgList');
  const values = bases
    ? expressionsOf(bases).map(base => evaluate(m, base))
    : [];
  const body = node.getChild('Body');
  const scope = new Scope('class', m.scope);
  const { scope: outer } = m;
  m.scope = scope;
  if (body !== null) {
    runBody(m, body);
  }
  m.scope = outer;
  const methods = new Map<string, IFunctionValue>();
  for (const [name, { value }] of scope.names) {
    if (value.type === 'function') {
      methods.set(name, value);
    }
  }
  const isPlain = values.length === 0 && !methods.has('__new__');
  const isDynamic = ['__getattribute__', '__class_getitem__'].some(name =>
    methods.has(name)
  );
  const known: Value = { type: 'class', methods };
  return isPlain && !isDynamic ? known : m.unknown([known, ...values], place);
}
