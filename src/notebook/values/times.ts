/** Limits the time that a cell's evaluation takes. */
import type { Work } from '../strings/pieces';

/**
 * Milliseconds after which a cell is left, functions included. Together with
 * the work until the next look at the clock, and with leaving the cell, this
 * stays below 50.
 */
export const MAX_MS = 18;

/** Measures the time of cells; without a clock, they take none. */
export class Times {
  /** @param _now - the time in milliseconds. */
  constructor(private readonly _now: (() => number) | null = null) {}

  /** Keys of code that was left; a second passage leaves it at once. */
  readonly left = new Set<string>();

  /** Whether a cell's time is over. */
  isOver(cell: number): boolean {
    return (this._taken.get(cell) ?? 0) > MAX_MS;
  }

  /** Whether the current cell's time is over. */
  readonly isLate = (): boolean => {
    if (this._now === null || this._cell === null) {
      return false;
    }
    const taken = this._taken.get(this._cell) ?? 0;
    return taken + this._now() - this._begun > MAX_MS;
  };

  /** Do a piece of a cell's work, and measure it. */
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

  /** Do a cell's work, and measure it without its pauses. */
  *during(cell: number, work: Work<void>): Work<void> {
    while (!this.measured(cell, () => work.next()).done) {
      yield;
    }
  }

  private readonly _taken = new Map<number, number>();
  /** The current cell, and when its current piece of work began. */
  private _cell: number | null = null;
  private _begun = 0;
}
