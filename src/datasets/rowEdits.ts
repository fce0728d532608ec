import type { DatasetEdit, DatasetRow } from '../api';
import type { Listing } from './listing';

/** The edits of an open dataset's rows; each shows the row that it makes or changes. */
export class RowEdits {
  /**
   * @param _send - sends an edit; returns the row that it is of, or null if it failed.
   * @param _list - the rows, as they are listed.
   * @param _emit - called when `deleted` changes.
   */
  constructor(
    private readonly _send: (edit: DatasetEdit) => Promise<number | null>,
    private readonly _list: Pick<Listing, 'reveal'>,
    private readonly _emit: () => void
  ) {}

  /** The row that was deleted last, which `restore` brings back; or null. */
  get deleted(): DatasetRow | null {
    return this._deleted;
  }

  /** Add a row at the end, and show it. */
  async add(prompt: string, target = '', source = ''): Promise<void> {
    const row = await this._send({ kind: 'add', prompt, target, source });
    if (row !== null) {
      await this._list.reveal(row);
    }
  }

  /** Change a row's prompt. */
  async change(row: number, prompt: string): Promise<void> {
    if ((await this._send({ kind: 'change', row, prompt })) !== null) {
      await this._list.reveal(row);
    }
  }

  /** Insert a copy of a row after it, and show the copy. */
  async duplicate(row: number): Promise<void> {
    const made = await this._send({ kind: 'duplicate', row });
    if (made !== null) {
      await this._list.reveal(made);
    }
  }

  /** Delete a row; `restore` brings it back. */
  async delete(row: DatasetRow): Promise<void> {
    if ((await this._send({ kind: 'delete', row: row.id })) !== null) {
      this._deleted = row;
      this._emit();
    }
  }

  /** Bring back the row that was deleted last. */
  async restore(): Promise<void> {
    const row = this._deleted;
    if (row && (await this._send({ kind: 'restore', row: row.id })) !== null) {
      this._deleted = null;
      await this._list.reveal(row.id);
    }
  }

  private _deleted: DatasetRow | null = null;
}
