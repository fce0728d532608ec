import type { ISignal } from '@lumino/signaling';

/** A dataset whose rows can be run, as the form needs it. */
export interface IRowsToRun {
  /** Tells it from other datasets, whose names may be the same. */
  readonly key: string;
  /** The dataset's name for people. */
  readonly name: string;
  /** Its id on the server; null while it isn't open there. */
  readonly id: string | null;
  /** Whether its columns are known. */
  readonly isRead: boolean;
  /** Number of its rows. */
  readonly rows: number;
  readonly columns: readonly string[];
  /** The columns in use; `template` makes the prompts from several. */
  readonly chosen: {
    readonly prompt: string | null;
    readonly target: string | null;
    readonly template: string | null;
  };
  /** The present search; null: it lists all rows. */
  readonly search: IRowSearch | null;
  /** Emitted when any of these may have changed. */
  readonly changed: ISignal<unknown, void>;
}

/** Rows that a search finds. */
export interface IRowSearch {
  readonly words: string;
  /** Only rows of this source; null: all. */
  readonly source: string | null;
  /** How many it finds. */
  readonly found: number;
}
