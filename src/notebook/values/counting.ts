/** Counts what evaluating a cell costs. */
import type { SyntaxNode } from '@lezer/common';

import { Budget, TooMuch } from './budget';

/** Budget of all of a cell's functions, as a multiple of the cell's own. */
const OF_FUNCTIONS = 2;

/** Limit on nested expressions and statements. */
const MAX_DEPTH = 150;

/** Counts against the budget of the current cell. */
export class Counting {
  /** @param _isLate - whether the current cell's time is over. */
  constructor(private readonly _isLate: () => boolean) {}

  /** Whether the budget of a cell's functions is exceeded. */
  isSpent(cell: number): boolean {
    return this._budgets.get(cell)?.isSpent ?? false;
  }

  /** Whether a cell's functions took so little that the clock doesn't count. */
  isCheap(cell: number): boolean {
    return this._budgets.get(cell)?.isCheap ?? true;
  }

  /** Count a step, and the units of texts that it builds. */
  step(units = 0): void {
    this._budget.step(units);
  }

  /** Count further work, before it is done. */
  work(cost: number): void {
    this._budget.spend(cost);
  }

  /** `work`, for `meter`. */
  readonly count = (cost: number): void => this.work(cost);

  /** Look at the clock, in work that isn't counted otherwise. */
  look(): void {
    this._budget.look();
  }

  /** Count visiting all nodes in one. */
  scan({ from, to }: SyntaxNode): void {
    this.work(2 * (to - from));
  }

  /** Do work without counting it. */
  uncounted(work: () => void): void {
    const before = this._budget;
    this._budget = new Budget(Infinity);
    try {
      work();
    } finally {
      this._budget = before;
    }
  }

  /** Do work one level deeper. */
  deeper<T>(work: () => T): T {
    if (++this._depth > MAX_DEPTH) {
      throw new TooMuch();
    }
    const value = work();
    this._depth--;
    return value;
  }

  /**
   * Count against a cell's budget from here on.
   *
   * @param length - UTF-16 units of its source.
   * @param isLater - whether against that of all its functions.
   */
  protected begin(cell: number, length: number, isLater: boolean): void {
    this._depth = 0;
    if (isLater) {
      this._budget =
        this._budgets.get(cell) ??
        new Budget(OF_FUNCTIONS, this._isLate, length);
      this._budgets.set(cell, this._budget);
    } else {
      this._budget = new Budget(1, this._isLate, length);
    }
  }

  private _budget = new Budget();
  /** Budgets of functions, by cell. */
  private readonly _budgets = new Map<number, Budget>();
  private _depth = 0;
}
