import type { BatchInfo } from '../api';

/** Whether rows of a batch are computed, or wait for it. */
export function isUnderWay({ state }: BatchInfo): boolean {
  return state === 'waiting' || state === 'running';
}

/** Whether anything of a batch is computed, or waits for it. */
export function isActive(batch: BatchInfo): boolean {
  return isUnderWay(batch) || batch.noise === 'running';
}

/** Whether rows of a batch, or what is known of its parts, may have changed. */
function hasMoved(before: BatchInfo | null, after: BatchInfo): boolean {
  return (
    before?.id !== after.id ||
    before.done !== after.done ||
    before.failed !== after.failed ||
    before.state !== after.state ||
    before.noise !== after.noise
  );
}

/** The shown batch and the compared one, as they were when their rows were last fetched. */
export class Followed {
  /** Note that both are fetched. */
  see(shown: BatchInfo | null, other: BatchInfo | null): void {
    this._shown = shown;
    this._other = other;
  }

  /**
   * Note how both are now.
   *
   * @returns what to fetch again: rows and all parts, rows and now and then the
   *   parts, only the rows, or nothing.
   */
  next(
    shown: BatchInfo | null,
    other: BatchInfo | null
  ): 'all' | 'some' | 'rows' | null {
    const { _shown: before, _other: beside } = this;
    this.see(shown, other);
    if (shown && hasMoved(before, shown)) {
      const isEnd = before !== null && isActive(before) && !isActive(shown);
      return isEnd || before?.noise !== shown.noise ? 'all' : 'some';
    }
    return shown && other && hasMoved(beside, other) ? 'rows' : null;
  }

  private _shown: BatchInfo | null = null;
  private _other: BatchInfo | null = null;
}
