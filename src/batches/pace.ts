/** How fast a batch goes, by what was seen of it. */
export interface IPace {
  /** Seconds for each row. */
  readonly perRow: number;
  /** Seconds until the last row, if it goes on like that. */
  readonly left: number;
}

/** The most observations that count: the last ones. */
const MAX_SEEN = 60;

/** Watches a batch's progress. */
export class Pace {
  /**
   * Note how many rows were done at a time.
   *
   * @param at - in milliseconds.
   */
  see(done: number, at: number): void {
    const last = this._seen[this._seen.length - 1];
    if (last !== undefined && done < last.done) {
      this._seen = []; // it was started again
    }
    if (last === undefined || done !== last.done) {
      this._seen = [...this._seen, { done, at }].slice(-MAX_SEEN);
    }
  }

  /** Forget what was seen, since it stood still. */
  rest(): void {
    this._seen = [];
  }

  /** Null until two different numbers of rows were seen. */
  of(total: number): IPace | null {
    const [first] = this._seen;
    const last = this._seen[this._seen.length - 1];
    if (first === undefined || last.done === first.done) {
      return null;
    }
    const perRow = (last.at - first.at) / 1000 / (last.done - first.done);
    return { perRow, left: perRow * Math.max(0, total - last.done) };
  }

  private _seen: { done: number; at: number }[] = [];
}
