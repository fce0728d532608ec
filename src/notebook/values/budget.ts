/** How much of a cell is gone through: steps are counted, and time where there is a clock. */

/** Steps that a cell is given: far less than 50 ms. */
const MAX_STEPS = 5_000;

/** UTF-16 units of the texts that a cell may build. */
const MAX_UNITS = 4_000_000;

/**
 * What else a cell may cost: pieces of texts, items, names and nodes that are gone
 * through, in units of some 20 ns.
 */
const MAX_WORK = 1_000_000;

/** What is counted between two looks at the clock, and a step's part of it. */
const BETWEEN = 2_000;
const STEP = 100;

/** Thrown where a cell is too long, or too deep, to be followed. */
export class TooMuch extends Error {}

/** What a cell, or all its functions, may cost. */
export class Budget {
  /**
   * @param _times - as much as a cell.
   * @param _isLate - whether the time is over.
   */
  constructor(
    private readonly _times = 1,
    private readonly _isLate = () => false
  ) {}

  /** Count a step, and texts that it builds. */
  step(units: number): void {
    this._steps++;
    this._units += units;
    this._check(STEP);
  }

  /** Count what a step costs beside itself; before it is done. */
  spend(cost: number): void {
    this._work += cost;
    this._check(cost);
  }

  /** Whether nothing is left. */
  get isSpent(): boolean {
    return (
      this._steps > MAX_STEPS * this._times ||
      this._units > MAX_UNITS * this._times ||
      this._work > MAX_WORK * this._times
    );
  }

  /** Look at the clock now. */
  look(): void {
    this._unlooked = 0;
    if (this._isLate()) {
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
