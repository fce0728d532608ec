/** Going through syntax trees, which may be as deep, and as wide, as a source is long. */
import type { SyntaxNode, TreeCursor } from '@lezer/common';

import type { Work } from './pieces';

/** Nodes that are looked at between two moments at which the page may go on. */
const NODES = 2_000;

/**
 * Go through a node and all in it, in order, in pieces.
 *
 * @param enter - called with each; says whether those in it are gone through, or
 *   null: no more of them.
 */
export function* visiting(
  node: SyntaxNode,
  enter: (cursor: TreeCursor) => boolean | null
): Work<void> {
  const cursor = node.cursor();
  for (let depth = 0, count = 1; ; count++) {
    const isIn = enter(cursor);
    if (isIn === null) {
      return;
    }
    if (count % NODES === 0) {
      yield;
    }
    if (isIn && cursor.firstChild()) {
      depth++;
      continue;
    }
    while (depth > 0 && !cursor.nextSibling()) {
      cursor.parent();
      depth--;
    }
    if (depth === 0) {
      return;
    }
  }
}
