import type { BatchInfo } from '../api';

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

/** How fast each of several batches goes. */
export class Paces {
  /** Note how far batches are; only these are known from now on. */
  see(batches: readonly BatchInfo[]): void {
    const now = Date.now();
    const known = this._paces;
    this._paces = new Map();
    for (const { id, state, done } of batches) {
      const pace = known.get(id) ?? new Pace();
      this._paces.set(id, pace);
      if (state === 'running') {
        pace.see(done, now);
      } else {
        pace.rest();
      }
    }
  }

  /** Forget what was seen of a batch; without an id: of all. */
  rest(id?: string): void {
    for (const [one, pace] of this._paces) {
      if (id === undefined || one === id) {
        pace.rest();
      }
    }
  }

  /** Null: unknown. */
  of(batch: BatchInfo | null): IPace | null {
    return batch?.state === 'running'
      ? (this._paces.get(batch.id)?.of(batch.total) ?? null)
      : null;
  }

  private _paces = new Map<string, Pace>();
}
