/** How long a deletion can be undone, in ms. */
export const UNDO_FOR = 10_000;

/** How far a deletion is: it can be undone, or the server does it. */
export type DeletionPhase = 'undoable' | 'deleting';

/**
 * Deletions that can be undone for a while. The server is asked only then: a tab
 * that is closed before has deleted nothing.
 */
export class Deletions {
  /**
   * @param work - deletes for good; never rejects.
   */
  constructor(work: (id: string) => Promise<void>) {
    this._work = work;
  }

  /** Ids of what is being deleted. */
  get ids(): readonly string[] {
    return [...this._timers.keys()];
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

  /** Let go of all that can still be undone: it stays. */
  dispose(): void {
    this.ids.forEach(id => this.undo(id));
  }

  private async _end(id: string): Promise<void> {
    this._timers.set(id, null);
    await this._work(id);
    this._timers.delete(id);
  }

  private readonly _work: (id: string) => Promise<void>;
  /** Null: the server was asked. */
  private readonly _timers = new Map<string, number | null>();
}
