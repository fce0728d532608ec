/**
 * The limits of evaluating a cell: steps, texts, work, and time if there is a
 * clock.
 */

/** Steps of a cell, which take far less than 50 ms. */
const MAX_STEPS = 5_000;

/** UTF-16 units of the texts that a cell may build. */
const MAX_UNITS = 4_000_000;

/**
 * Other work of a cell: visiting pieces of texts, items, names and nodes, in
 * units of about 20 ns.
 */
const MAX_WORK = 1_000_000;

/** Work between two looks at the clock, and what a step adds to it. */
const BETWEEN = 2_000;
const STEP = 100;

/**
 * Part of a budget below which a cell is cheap: it takes a few ms of the processor,
 * whatever the clock says. On a busy machine, others take the time.
 */
const CHEAP = 0.1;

/** UTF-16 units of a cell's source above which looking through it isn't cheap. */
const MAX_CHEAP_SOURCE = 20_000;

/** Thrown if evaluating a cell takes too much, or goes too deep. */
export class TooMuch extends Error {}

/** The budget of a cell, or of all its functions. */
export class Budget {
  /**
   * @param _times - multiple of a cell's budget.
   * @param _isLate - whether the cell's time is over.
   * @param _length - UTF-16 units of the cell's source.
   */
  constructor(
    private readonly _times = 1,
    private readonly _isLate = () => false,
    private readonly _length = 0
  ) {}

  /** Count a step, and the units of texts that it builds. */
  step(units: number): void {
    this._steps++;
    this._units += units;
    this._check(STEP);
  }

  /** Count further work, before it is done. */
  spend(cost: number): void {
    this._work += cost;
    this._check(cost);
  }

  /** Whether the budget is exceeded. */
  get isSpent(): boolean {
    return (
      this._steps > MAX_STEPS * this._times ||
      this._units > MAX_UNITS * this._times ||
      this._work > MAX_WORK * this._times
    );
  }

  /** Whether so little was used that the clock doesn't count. */
  get isCheap(): boolean {
    return (
      this._length <= MAX_CHEAP_SOURCE &&
      this._steps <= MAX_STEPS * CHEAP &&
      this._units <= MAX_UNITS * CHEAP &&
      this._work <= MAX_WORK * CHEAP
    );
  }

  /** Look at the clock now. */
  look(): void {
    this._unlooked = 0;
    if (!this.isCheap && this._isLate()) {
      throw new TooMuch();
    }
  }

  private _check(cost: number): void {
    if (this.isSpent) {
      throw new TooMuch();
    }
    this._unlooked += cost;
    if (this._unlooked >= BETWEEN) {
      this.look();
    }
  }

  private _steps = 0;
  private _units = 0;
  private _work = 0;
  private _unlooked = 0;
}
