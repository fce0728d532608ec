/** Parses texts in parts, so that no tree of too many tokens is made at once. */
import { TreeFragment } from '@lezer/common';
import type { Parser, Tree } from '@lezer/common';

import { isIndentedAlike } from './bodies';
import type { Work } from './pieces';

/**
 * Numbers of tokens that the parser makes a tree of at once, while the page waits:
 * 10,000 take about 10 ms. If the parts don't fit together, the next number is tried.
 * If the parser can't use a tree in the next one, it makes a larger one, up to
 * `MAX_TOKENS`.
 */
const TOKENS = [10_000, 13_000, 17_000, Infinity];
const MAX_TOKENS = 100_000;

/** How much larger. */
const LARGER = 4;

/**
 * Parse a text; each step is about a token.
 *
 * A parser makes the tree of a whole text at once, when it has read it. So a long
 * text is parsed up to one place after another, and each tree is part of the next.
 *
 * @returns null if too many tokens would be made into a tree at once, such as those of
 *   a sum of 30,000 strings.
 */
export function* parsing(
  parser: Parser,
  text: string,
  fragments: readonly TreeFragment[] = []
): Work<Tree | null> {
  for (const tokens of TOKENS) {
    const read = yield* inParts(tokens, parser, text, fragments);
    if (read === null) {
      return null;
    }
    const { tree, parts } = read;
    if (parts === 1 || (yield* isIndentedAlike(tree, text))) {
      return tree;
    }
  }
  return null;
}

/** UTF-16 units within which a part may end later, at a better place. */
const LATER = 5_000;

/**
 * Where the line begins that is indented least of those behind a place, or the place
 * itself: trees that end within a body may not help with the next one.
 */
function outermost(text: string, at: number): number {
  let found = at;
  let least = Infinity;
  const lines = text.slice(at, at + LATER).matchAll(/\n([ \t]*)(?=[^\s#])/g);
  for (const { 1: indent, index } of lines) {
    if (indent.length < least) {
      least = indent.length;
      found = at + index + 1;
    }
  }
  return found;
}

/** Parse a text in parts of so many tokens, or more; null as `parsing`. */
function* inParts(
  tokens: number,
  parser: Parser,
  text: string,
  fragments: readonly TreeFragment[]
): Work<{ tree: Tree; parts: number } | null> {
  let known = fragments;
  let most = tokens;
  let reached = 0;
  for (let parts = 1; ; parts++) {
    const parse = parser.startParse(text, known);
    /** Steps over text that the tree before has, too, where it was of no use. */
    let again = 0;
    let tree = parse.advance();
    for (let steps = 1; tree === null; steps++) {
      yield;
      if (steps > MAX_TOKENS) {
        return null;
      }
      if (parse.stoppedAt === null) {
        if (parse.parsedPos <= reached) {
          again = steps;
        } else if (again > most / 2) {
          most = Math.min(most * LARGER, MAX_TOKENS);
          again = 0;
        } else if (steps >= most) {
          parse.stopAt(outermost(text, parse.parsedPos));
        }
      }
      tree = parse.advance();
    }
    if (parse.stoppedAt === null) {
      return { tree, parts };
    }
    reached = parse.stoppedAt;
    known = TreeFragment.addTree(tree, known, true);
  }
}
