/** Rules for imports. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import type { Machine } from './machine';
import { memberOf, moduleOf } from './libraries';
import { KNOWN_ATTRIBUTES } from './members';
import { unknown } from './value';
import type { Value } from './value';
import { textAt } from './walk';

/** `import a.b as c`, `from a import b as c`. */
export function runImport(m: Machine, node: SyntaxNode): void {
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
              : ((isFrom
                  ? memberOf(known)
                  : moduleOf(alias === null ? name.split('.')[0] : name)) ??
                unknown('run', place));
        if (/^(builtins|__main__)\b/.test(isFrom ? origin : name)) {
          m.forget('anything', place);
          m.isWild = true;
        }
        m.bind(textAt(m, alias ?? first), { value, place });
      }
      path = '';
      first = alias = null;
    }
  }
}
