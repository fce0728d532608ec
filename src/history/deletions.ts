/** How long a deletion can be undone, in ms. */
export const UNDO_FOR = 10_000;

/** How far a deletion is: it can be undone, or the server does it. */
export type DeletionPhase = 'undoable' | 'deleting';

/**
 * Deletions that can be undone for a while. The server is asked only then, or
 * when the page is left: nobody can undo them any more, and nobody sees a run
 * again that was said to be deleted.
 */
export class Deletions {
  /**
   * @param work - deletes for good, by a request that outlives the page and is
   *   made at once; never rejects.
   * @param ended - called after a deletion's end, whether or not it failed.
   */
  constructor(work: (id: string) => Promise<void>, ended: () => void) {
    this._work = work;
    this._ended = ended;
    window.addEventListener('pagehide', this._onLeave);
  }

  /** How far a deletion is; null where there is none. */
  phase(id: string): DeletionPhase | null {
    const timer = this._timers.get(id);
    return timer === undefined
      ? null
      : timer === null
        ? 'deleting'
        : 'undoable';
  }

  /** Delete once it can't be undone any more. */
  begin(id: string): void {
    if (!this._timers.has(id)) {
      const timer = window.setTimeout(() => void this._end(id), UNDO_FOR);
      this._timers.set(id, timer);
    }
  }

  /** Bring back; does nothing once the server was asked. */
  undo(id: string): void {
    const timer = this._timers.get(id) ?? null;
    if (timer !== null) {
      clearTimeout(timer);
      this._timers.delete(id);
    }
  }

  /** Delete all that can still be undone. */
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
  /** Null: the server was asked. */
  private readonly _timers = new Map<string, number | null>();
}
