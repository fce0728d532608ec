/** How long a notebook's cells are gone through: a last bound, where counts are too low. */
import type { Work } from '../strings/pieces';

/**
 * Milliseconds that a cell may take, with all its functions: with the stretch that
 * begins before and what leaving it takes, it stays below 50.
 */
export const MAX_MS = 20;

/** Measures cells by a clock; without one, they take no time. */
export class Times {
  /** @param _now - in milliseconds. */
  constructor(private readonly _now: (() => number) | null = null) {}

  /** Code that was left, which is left again in another passage. */
  readonly left = new Set<string>();

  /** Whether a cell has had its time. */
  isOver(cell: number): boolean {
    return (this._taken.get(cell) ?? 0) > MAX_MS;
  }

  /** Whether the cell that is worked on has had its time. */
  readonly isLate = (): boolean => {
    if (this._now === null || this._cell === null) {
      return false;
    }
    const taken = this._taken.get(this._cell) ?? 0;
    return taken + this._now() - this._begun > MAX_MS;
  };

  /** Do a step of a cell's work. */
  measured<T>(cell: number, step: () => T): T {
    const now = this._now;
    if (now === null) {
      return step();
    }
    this._cell = cell;
    this._begun = now();
    try {
      return step();
    } finally {
      const taken = this._taken.get(cell) ?? 0;
      this._taken.set(cell, taken + now() - this._begun);
      this._cell = null;
    }
  }

  /** Do a cell's work, whose pauses don't count. */
  *during(cell: number, work: Work<void>): Work<void> {
    while (!this.measured(cell, () => work.next()).done) {
      yield;
    }
  }

  private readonly _taken = new Map<number, number>();
  /** The cell that is worked on, and since when. */
  private _cell: number | null = null;
  private _begun = 0;
}
