import type { DatasetFullRow } from '../api';

/** What the browser needs from its surroundings; each may be missing. */
export interface IDatasetsHost {
  /** Let the user choose a file; null: they cancelled. */
  readonly pickFile: (() => Promise<string | null>) | null;
  /** Whether there is a notebook to insert a cell into. */
  readonly canInsert: () => boolean;
  /** Insert a row below the notebook's active cell. */
  readonly insert: (row: DatasetFullRow) => void;
  /** Open the form that runs all rows of the shown dataset. */
  readonly runRows: (() => void) | null;
  /** The default folder for saving: the notebook's. */
  readonly folder: () => string;
}
