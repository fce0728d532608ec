/**
 * Long work in pieces, so that the page stays responsive. Parsers are slow on
 * sources with many errors.
 */

/** Work that may pause wherever it yields. */
export type Work<T> = Generator<void, T, void>;

/** How long work may still take, in ms; several pieces of work may share it. */
export interface IPatience {
  left: number;
  /** When the page last had a turn, as the previous piece of work left it. */
  since?: number;
  /** Whether the result is still needed; true by default. */
  readonly isWanted?: () => boolean;
}

/** Reads the time, and gives the page a turn. */
export interface IClock {
  /** The time in ms. */
  now(): number;
  pause(): Promise<void>;
}

/** Longest time between two turns of the page, in ms. */
const SLICE = 20;

/** Number of small steps between two looks at the clock. */
const STEPS = 32;

export const CLOCK: IClock = {
  now: () => performance.now(),
  pause: () => new Promise(resolve => setTimeout(resolve, 0))
};

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
 * Do work in pieces, and give the page turns in between.
 *
 * @param every - number of steps between two looks at the clock.
 * @returns null if it takes longer than `patience` allows, or isn't needed any
 *   more.
 */
export async function inPieces<T>(
  work: Work<T>,
  patience: IPatience,
  clock: IClock = CLOCK,
  every = STEPS
): Promise<T | null> {
  let begun = clock.now();
  // The previous piece of work may have ended without a turn of the page.
  let since = patience.since ?? begun;
  for (let steps = 1; ; steps++) {
    const step = work.next();
    if (step.done) {
      const end = clock.now();
      patience.left -= end - begun;
      patience.since = since;
      if (end - since >= SLICE) {
        // The work that follows may have too few steps to give the page a turn.
        await clock.pause();
        patience.since = clock.now();
      }
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
