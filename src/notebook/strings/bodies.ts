/** Checks a Python tree that was put together of parts. */
import type { SyntaxNode, Tree } from '@lezer/common';

import type { Work } from './pieces';
import { visiting } from './visit';

/** Nodes that hold no bodies. */
const LEAVES =
  /^(String|FormatString|ContinuedString|ArgList|ParamList)$|Expression$/;

/** Number of statements between two pauses. */
const STATEMENTS = 100;

/**
 * Whether the statements of each body are indented alike.
 *
 * A parser that uses an earlier tree may take the statements behind a body for a part
 * of it: where that tree ends within a body, Lezer notes the body's indentation with
 * all groups of statements around it.
 */
export function* isIndentedAlike(tree: Tree, text: string): Work<boolean> {
  const bodies: SyntaxNode[] = [];
  yield* visiting(tree.topNode, cursor => {
    const { name } = cursor;
    if (/^(Match)?Body$/.test(name)) {
      bodies.push(cursor.node);
    }
    return !LEAVES.test(name);
  });
  let count = 0;
  for (const body of bodies) {
    let first: string | null = null;
    for (let child = body.firstChild; child; child = child.nextSibling) {
      const isStatement = /^[A-Z]/.test(child.name) && child.name !== 'Comment';
      const indent =
        isStatement && !child.type.isError ? indentOf(text, child.from) : null;
      first ??= indent;
      if (indent !== null && indent !== first) {
        return false;
      }
      if (++count % STATEMENTS === 0) {
        yield;
      }
    }
  }
  return true;
}

/** The blanks before what begins a line; null if something stands before it. */
function indentOf(text: string, at: number): string | null {
  let from = at;
  while (from > 0 && (text[from - 1] === ' ' || text[from - 1] === '\t')) {
    from--;
  }
  return from === 0 || text[from - 1] === '\n' ? text.slice(from, at) : null;
}
