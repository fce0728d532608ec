/** How long a notebook's cells are gone through: a last bound, where counts are too low. */
import type { Work } from '../strings/pieces';
import { TooMuch } from './budget';

/** Milliseconds that a cell may take, with all its functions. */
export const MAX_MS = 50;

/** Measures cells by a clock; without one, they take no time. */
export class Times {
  /** @param _now - in milliseconds. */
  constructor(private readonly _now: (() => number) | null = null) {}

  /** Whether a cell has had its time. */
  isOver(cell: number): boolean {
    return (this._taken.get(cell) ?? 0) > MAX_MS;
  }

  /** Do a step of a cell's work. */
  measured<T>(cell: number, step: () => T): T {
    const now = this._now;
    if (now === null) {
      return step();
    }
    const begun = now();
    try {
      return step();
    } finally {
      this._taken.set(cell, (this._taken.get(cell) ?? 0) + now() - begun);
    }
  }

  /**
   * Do a cell's work, whose pauses don't count.
   *
   * @throws TooMuch - into the work, where it yields after the cell has had its time.
   */
  *during(cell: number, work: Work<void>): Work<void> {
    let isEnded = false;
    for (;;) {
      const isOver: boolean = !isEnded && this.isOver(cell);
      isEnded ||= isOver;
      const { done } = this.measured(cell, (): IteratorResult<void, void> =>
        isOver ? work.throw(new TooMuch()) : work.next()
      );
      if (done) {
        return;
      }
      yield;
    }
  }

  private readonly _taken = new Map<number, number>();
}
