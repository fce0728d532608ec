/** Counting what a cell costs while it is gone through. */
import type { SyntaxNode } from '@lezer/common';

import { Budget, TooMuch } from './budget';

/** What a cell's functions together may cost, of what the cell may. */
const OF_FUNCTIONS = 2;

/** Expressions and statements within each other that are followed. */
const MAX_DEPTH = 150;

/** Counts by the budget of the cell that is gone through. */
export class Counting {
  /** @param _isLate - whether that cell has had its time. */
  constructor(private readonly _isLate: () => boolean) {}

  /** Whether a cell's functions have cost all that they may. */
  isSpent(cell: number): boolean {
    return this._budgets.get(cell)?.isSpent ?? false;
  }

  /** Count a step, and texts that it builds. */
  step(units = 0): void {
    this._budget.step(units);
  }

  /** Count what a step costs beside itself; before it is done. */
  work(cost: number): void {
    this._budget.spend(cost);
  }

  /** The same, for functions that know no machine. */
  readonly count = (cost: number): void => this.work(cost);

  /** Look at the clock, in work that isn't counted. */
  look(): void {
    this._budget.look();
  }

  /** Count that all nodes in one are gone through. */
  scan({ from, to }: SyntaxNode): void {
    this.work(2 * (to - from));
  }

  /** Do what isn't counted. */
  uncounted(work: () => void): void {
    const before = this._budget;
    this._budget = new Budget(Infinity);
    try {
      work();
    } finally {
      this._budget = before;
    }
  }

  /** Do what is one level deeper. */
  deeper<T>(work: () => T): T {
    if (++this._depth > MAX_DEPTH) {
      throw new TooMuch();
    }
    const value = work();
    this._depth--;
    return value;
  }

  /**
   * Begin to count.
   *
   * @param isLater - whether by the budget that a cell's functions have together.
   */
  protected begin(cell: number, isLater: boolean): void {
    this._depth = 0;
    if (isLater) {
      this._budget =
        this._budgets.get(cell) ?? new Budget(OF_FUNCTIONS, this._isLate);
      this._budgets.set(cell, this._budget);
    } else {
      this._budget = new Budget(1, this._isLate);
    }
  }

  private _budget = new Budget();
  /** Of functions, by their cells. */
  private readonly _budgets = new Map<number, Budget>();
  private _depth = 0;
}
