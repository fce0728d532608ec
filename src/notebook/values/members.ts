/** Attributes, items and slices. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import type { Machine } from './machine';
import { memberOf } from './libraries';
import { item, slice } from './operators';
import { expressionsOf } from './syntax';
import { computed } from './value';
import type { IPlace, Value } from './value';
import { evaluate, textAt } from './walk';

/** `object.name`, `object[index]`, `object[start:stop]`. */
export function member(m: Machine, node: SyntaxNode): Value {
  const [object, sign, ...rest] = childrenOf(node);
  const place = m.place(node.from);
  const value = evaluate(m, object);
  if (sign?.name === '.') {
    const name = rest[0] ? textAt(m, rest[0]) : '';
    if (value.type === 'library' && value.name === 'MessageRole') {
      return computed(name.toLowerCase());
    }
    const path = value.type === 'module' ? `${value.name}.${name}` : '';
    return KNOWN_ATTRIBUTES.has(path)
      ? { type: 'builtin', name: path }
      : ((path === '' ? null : memberOf(path)) ?? m.unknown([value], place));
  }
  const inner = rest.slice(0, -1);
  if (inner.some(({ name }) => name === ':')) {
    return sliced(m, value, inner, place);
  }
  if (inner.length !== 1) {
    const others = expressionsOf(node)
      .slice(1)
      .map(part => evaluate(m, part));
    return m.unknown([value, ...others], place);
  }
  const index = evaluate(m, inner[0]);
  return m.each(
    [value, index],
    ([one, other]) => item(one, other) ?? m.unknown([one, other], place),
    place
  );
}

/** Attributes of modules that are understood. */
export const KNOWN_ATTRIBUTES = new Set([
  'inspect.cleandoc',
  'textwrap.dedent'
]);

function sliced(
  m: Machine,
  value: Value,
  parts: readonly SyntaxNode[],
  place: IPlace
): Value {
  const bounds: (Value | null)[] = [null];
  let isKnown = true;
  for (const part of parts) {
    if (part.name === ':') {
      bounds.push(null);
    } else if (part.name === ',') {
      isKnown = false;
    } else {
      bounds[bounds.length - 1] = evaluate(m, part);
    }
  }
  const found = isKnown ? slice(value, bounds) : null;
  const others = bounds.filter(bound => bound !== null);
  return found ?? m.unknown([value, ...others], place);
}
