/**
 * Visiting the nodes of syntax trees, which may be as deep and as wide as a
 * source is long.
 */
import type { SyntaxNode, TreeCursor } from '@lezer/common';

import type { Work } from './pieces';

/** Number of nodes between two pauses. */
const NODES = 2_000;

/**
 * Visit a node and all nodes in it, in order, in pieces.
 *
 * @param enter - called with each node; returns whether to visit the nodes in
 *   it, or null to stop.
 * @param isDue - whether to pause at once, after work that took long.
 */
export function* visiting(
  node: SyntaxNode,
  enter: (cursor: TreeCursor) => boolean | null,
  isDue = () => false
): Work<void> {
  const cursor = node.cursor();
  for (let depth = 0, count = 1; ; count++) {
    const isIn = enter(cursor);
    if (isIn === null) {
      return;
    }
    if (count % NODES === 0 || isDue()) {
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
