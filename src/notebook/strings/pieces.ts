/**
 * Long work in pieces, so that the page never waits: of a source without sense,
 * the editor's parsers read no more than a few thousand units a second.
 */
import type { Parser, Tree, TreeFragment } from '@lezer/common';

/** Work that is left wherever it yields, and goes on from there. */
export type Work<T> = Generator<void, T, void>;

/** How long work may still take, in ms; several pieces of work may share one. */
export interface IPatience {
  left: number;
  /** When the page was held from, by a piece of work that is done. */
  since?: number;
  /** Whether anybody waits for it still; where it is left out, they do. */
  readonly isWanted?: () => boolean;
}

/** What tells the time, and lets the page go on. */
export interface IClock {
  /** In ms. */
  now(): number;
  pause(): Promise<void>;
}

/** How long the page is held at a time, in ms. */
const SLICE = 30;

/** Steps between two looks at the clock, of work whose steps are small. */
const STEPS = 32;

export const CLOCK: IClock = {
  now: () => performance.now(),
  pause: () => new Promise(resolve => setTimeout(resolve, 0))
};

/** Parse a text; a step is a token or so. */
export function* parsing(
  parser: Parser,
  text: string,
  fragments: readonly TreeFragment[] = []
): Work<Tree> {
  const parse = parser.startParse(text, fragments);
  for (;;) {
    const tree = parse.advance();
    if (tree !== null) {
      return tree;
    }
    yield;
  }
}

/** Do work at once. */
export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) {
      return step.value;
    }
  }
}

/**
 * Do work in pieces, between which the page goes on.
 *
 * @param every - steps between two looks at the clock.
 * @returns null when it takes longer than there is patience for, or nobody wants
 *   it any more.
 */
export async function inPieces<T>(
  work: Work<T>,
  patience: IPatience,
  clock: IClock = CLOCK,
  every = STEPS
): Promise<T | null> {
  let begun = clock.now();
  // Work that was done before, at once, has held the page as well.
  let since = patience.since ?? begun;
  for (let steps = 1; ; steps++) {
    const step = work.next();
    if (step.done) {
      patience.left -= clock.now() - begun;
      patience.since = since;
      return step.value;
    }
    if (steps % every !== 0) {
      continue;
    }
    const now = clock.now();
    if (now - since >= SLICE) {
      patience.left -= now - begun;
      if (patience.left <= 0) {
        return null;
      }
      await clock.pause();
      if (patience.isWanted?.() === false) {
        return null;
      }
      begun = since = clock.now();
    }
  }
}
