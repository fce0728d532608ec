/** How long the user can undo a deletion, in ms. */
export const UNDO_FOR = 10_000;

/** A deletion's state: it can be undone, or the server performs it. */
export type DeletionPhase = 'undoable' | 'deleting';

/**
 * Deletions that can be undone for a while. The request follows then, or when the
 * page closes: nobody can undo them any more, and nobody should see a run again
 * that was reported as deleted.
 */
export class Deletions {
  /**
   * @param work - deletes for good, by a request that outlives the page and starts
   *   at once; never rejects.
   * @param ended - called after a deletion ends, whether or not it failed.
   */
  constructor(work: (id: string) => Promise<void>, ended: () => void) {
    this._work = work;
    this._ended = ended;
    window.addEventListener('pagehide', this._onLeave);
  }

  /** A deletion's state; null if there is none. */
  phase(id: string): DeletionPhase | null {
    const timer = this._timers.get(id);
    return timer === undefined
      ? null
      : timer === null
        ? 'deleting'
        : 'undoable';
  }

  /** Delete, once the time to undo has passed. */
  begin(id: string): void {
    if (!this._timers.has(id)) {
      const timer = window.setTimeout(() => void this._end(id), UNDO_FOR);
      this._timers.set(id, timer);
    }
  }

  /** Undo; does nothing after the request. */
  undo(id: string): void {
    const timer = this._timers.get(id) ?? null;
    if (timer !== null) {
      clearTimeout(timer);
      this._timers.delete(id);
    }
  }

  /** Perform all deletions that can still be undone. */
  dispose(): void {
    window.removeEventListener('pagehide', this._onLeave);
    this._onLeave();
  }

  private readonly _onLeave = () => {
    for (const [id, timer] of [...this._timers]) {
      if (timer !== null) {
        clearTimeout(timer);
        void this._end(id);
      }
    }
  };

  private async _end(id: string): Promise<void> {
    this._timers.set(id, null);
    await this._work(id);
    this._timers.delete(id);
    this._ended();
  }

  private readonly _work: (id: string) => Promise<void>;
  private readonly _ended: () => void;
  /** Null after the request. */
  private readonly _timers = new Map<string, number | null>();
}
