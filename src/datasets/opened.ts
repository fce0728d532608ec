import type { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError, isAbort } from '../api';
import type {
  ApiClient,
  DatasetColumns,
  DatasetEdit,
  DatasetFullRow,
  DatasetOpening,
  DatasetRow,
  DatasetState,
  TextEncoding
} from '../api';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { Listing } from './listing';

/** What an open dataset asks of the client. */
export type OpenedClient = Pick<
  ApiClient,
  | 'openDataset'
  | 'dataset'
  | 'closeDataset'
  | 'datasetRows'
  | 'datasetRow'
  | 'editDataset'
  | 'saveDataset'
>;

/** How a plain text file holds prompts. */
export type Split = NonNullable<DatasetOpening['split']>;

/** What a dataset is opened by: its name, or its file's path. */
export interface IReference {
  readonly name?: string;
  readonly path?: string;
  /** Undefined: they are guessed. */
  readonly columns?: DatasetColumns;
  readonly split?: Split;
  /** Whether a table's first line names the columns. Undefined: it is guessed. */
  readonly header?: boolean;
  /** Undefined: it is guessed. */
  readonly encoding?: TextEncoding;
  /** Columns that were chosen by hand for fields of prompts, by the fields' names; '': none. */
  readonly fields?: Readonly<Record<string, string>>;
}

/**
 * What saving may do: `replace` a file that is there; `discard` even what
 * something else wrote into the dataset's own file since it was read.
 */
export type Consent = 'none' | 'replace' | 'discard';

/** Why a dataset wasn't saved. */
export interface ISaveFailure {
  readonly problem: IProblem;
  /** What the user could allow, so that it is saved; or null. */
  readonly needs: Consent | null;
}

/** What is read of a dataset: all of a row, or the rows of its list. */
type Reading = 'row' | 'rows';

/** How often it is asked how far a file is read, in ms. */
const INTERVAL = 400;

/** A dataset that is open on the server: opened, read, changed, saved. */
export class OpenedDataset extends Model {
  /**
   * @param id - of the dataset where it is open already, as before a reload.
   */
  constructor(
    client: OpenedClient,
    reference: IReference,
    trans: TranslationBundle,
    id: string | null = null
  ) {
    super();
    this._client = client;
    this._reference = reference;
    this._trans = trans;
    this._id = id;
    this.list = new Listing({
      page: (asked, signal) =>
        this._id === null
          ? null
          : this._reading(
              'rows',
              this._client.datasetRows(this._id, asked, signal),
              signal
            ),
      whole: row => this._row(row)
    });
    this.list.changed.connect(this._emit, this);
    this._poll = new Poll({
      auto: false,
      name: 'lit-lab:dataset',
      frequency: { interval: INTERVAL, backoff: true, max: 5000 },
      standby: 'when-hidden',
      factory: () => this._refresh()
    });
  }

  /** Its rows, as they are listed. */
  readonly list: Listing;

  /** What it was opened by. */
  get reference(): IReference {
    return this._reference;
  }

  /** Its id on the server; null before it is open there. */
  get id(): string | null {
    return this._id;
  }

  /** What it is called. */
  get name(): string {
    const { name, path = '' } = this._reference;
    return name ?? path.slice(path.lastIndexOf('/') + 1);
  }

  /** What the server says of it; null before it is open there. */
  get state(): DatasetState | null {
    return this._state;
  }

  /** When it began to be opened, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** Why it can't be opened, looked at or changed; or null. */
  get problem(): IProblem | null {
    const [problem = null] = this._problems.values();
    return problem;
  }

  /** The row that was deleted last, and can be brought back; or null. */
  get deleted(): DatasetRow | null {
    return this._deleted;
  }

  /**
   * Emitted with what was changed; null: it was closed or read anew, so that
   * rows are others, whatever their numbers.
   */
  get edited(): ISignal<this, DatasetEdit | null> {
    return this._edited;
  }

  /** Close it on the server, too; unsaved changes are lost. */
  protected release(): void {
    this.list.dispose();
    this._poll.dispose();
    if (this._id !== null) {
      this._client.closeDataset(this._id).catch(() => undefined);
    }
    this._edited.emit(null);
  }

  /** Open it, unless that is being done. Never rejects. */
  open(): Promise<void> {
    this._opening ??= this._open().finally(() => {
      this._opening = null;
    });
    return this._opening;
  }

  /** Try again what failed. What was changed is lost only where the server has lost it. */
  async retry(): Promise<void> {
    if (this._id === null || this._isGone || this._state?.state === 'failed') {
      await this.reread({});
      return;
    }
    this._problems.clear();
    if (this._state?.state !== 'ready') {
      void this._poll.start();
    }
    await this.list.restart();
  }

  /** Read the file again, with other columns or other prompts. */
  async reread(change: Partial<IReference>): Promise<void> {
    await this._opening;
    const old = this._id;
    this._reference = { ...this._reference, ...change };
    this._id = null;
    this._state = null;
    this._edited.emit(null);
    this.list.clear();
    if (old !== null) {
      this._client.closeDataset(old).catch(() => undefined);
    }
    await this.open();
  }

  /** Choose the column that fills a field of a prompt; '': none. */
  mapField(field: string, column: string): void {
    const fields = { ...this._reference.fields, [field]: column };
    this._reference = { ...this._reference, fields };
    this._emit();
  }

  /** Fetch all of a row; null: that failed, and the problem is shown. */
  async read(row: number): Promise<DatasetFullRow | null> {
    try {
      return await this._row(row);
    } catch {
      return null;
    }
  }

  /** Add a row at the end, and show it. */
  async add(prompt: string, target = '', source = ''): Promise<void> {
    const row = await this._edit({ kind: 'add', prompt, target, source });
    if (row !== null) {
      await this.list.reveal(row);
    }
  }

  /** Give a row another prompt. */
  async change(row: number, prompt: string): Promise<void> {
    if ((await this._edit({ kind: 'change', row, prompt })) !== null) {
      await this.list.reveal(row);
    }
  }

  /** Add a row like another, behind that, and show it. */
  async duplicate(row: number): Promise<void> {
    const made = await this._edit({ kind: 'duplicate', row });
    if (made !== null) {
      await this.list.reveal(made);
    }
  }

  /** Delete a row; `restore` brings it back. */
  async delete(row: DatasetRow): Promise<void> {
    if ((await this._edit({ kind: 'delete', row: row.id })) !== null) {
      this._deleted = row;
      this._emit();
    }
  }

  /** Bring the row back that was deleted last. */
  async restore(): Promise<void> {
    const row = this._deleted;
    if (row && (await this._edit({ kind: 'restore', row: row.id })) !== null) {
      this._deleted = null;
      await this.list.reveal(row.id);
    }
  }

  /**
   * Save it as JSON Lines.
   *
   * @param path - of the file.
   * @param consent - what the user allows besides.
   * @returns what is wrong, or null.
   */
  async save(
    path: string,
    consent: Consent = 'none'
  ): Promise<ISaveFailure | null> {
    try {
      this._state = await this._client.saveDataset(
        this._id ?? '',
        path,
        consent !== 'none',
        consent === 'discard'
      );
      const { columns, fields } = this._reference;
      this._reference = {
        path: this._state.path,
        ...(fields && { fields }),
        // Under the names that they have in that file.
        ...(columns && { columns: this._state.chosen })
      };
      this._emit();
      await this.list.restart(); // the lines that they stand in are others
      return null;
    } catch (reason) {
      const problem = problemOf(reason, this._trans);
      const error = reason instanceof ApiError ? reason.error : '';
      return {
        problem: { ...problem, remedies: [] },
        needs:
          error === 'file_exists'
            ? 'replace'
            : error === 'file_changed'
              ? 'discard'
              : null
      };
    }
  }

  /** Dismiss a problem that was shown. */
  dismiss(): void {
    this._problems.clear();
    this._emit();
  }

  private _row(row: number): Promise<DatasetFullRow> {
    return this._reading('row', this._client.datasetRow(this._id ?? '', row));
  }

  /** Tell why something can't be read, until the like of it can. */
  private async _reading<T>(
    what: Reading,
    answer: Promise<T>,
    signal?: AbortSignal
  ): Promise<T> {
    try {
      const found = await answer;
      if (this._problems.delete(what)) {
        this._emit();
      }
      return found;
    } catch (reason) {
      if (!signal?.aborted) {
        this._fail(reason, what);
      }
      throw reason;
    }
  }

  private async _open(): Promise<void> {
    this._since = Date.now();
    this._problems.clear();
    this._emit();
    try {
      if (this._id !== null && (await this._reattach(this._id))) {
        return;
      }
      const { name, path, split = 'lines' } = this._reference;
      const { columns, header, encoding } = this._reference;
      const how = { columns, split, header, encoding };
      const state = await this._client.openDataset(
        path === undefined ? { name, ...how } : { path, ...how }
      );
      if (this.isDisposed) {
        this._client.closeDataset(state.id).catch(() => undefined);
        return;
      }
      await this._began(state);
    } catch (reason) {
      this._fail(reason);
    }
  }

  /** Take up a dataset that is open on the server; false: it is no longer. */
  private async _reattach(id: string): Promise<boolean> {
    try {
      await this._began(await this._client.dataset(id));
      return true;
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 404) {
        this._id = null;
        this._edited.emit(null);
        return false;
      }
      throw reason;
    }
  }

  private async _began(state: DatasetState): Promise<void> {
    this._id = state.id;
    this._take(state);
    if (state.state === 'reading') {
      void this._poll.start();
    }
    await this.list.restart();
  }

  private async _refresh(): Promise<void> {
    if (this._id === null || this.isDisposed) {
      return;
    }
    try {
      this._take(await this._client.dataset(this._id));
      const done = this._state?.state !== 'reading';
      if (done) {
        void this._poll.stop();
      }
      // Rows are added at the end. A search is done again when all are here.
      if (done) {
        await this.list.restart();
      } else if (this.list.isPlain) {
        this.list.grow(this._state?.rows ?? 0);
      }
      this._emit();
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 404) {
        void this._poll.stop();
        this._fail(reason);
        return;
      }
      throw reason; // the poll asks again, later each time
    }
  }

  private _take(state: DatasetState): void {
    this._state = state;
    if (state.error) {
      this._problems.set(
        'dataset',
        problemOf(new ApiError(state.error, 200), this._trans)
      );
    }
    this._emit();
  }

  private async _edit(edit: DatasetEdit): Promise<number | null> {
    try {
      const { row, dataset } = await this._client.editDataset(
        this._id ?? '',
        edit
      );
      this._problems.clear();
      this._take(dataset);
      this._edited.emit(edit);
      this.list.collapse();
      await this.list.restart();
      return row;
    } catch (reason) {
      this._fail(reason);
      return null;
    }
  }

  private _fail(reason: unknown, what: Reading | 'dataset' = 'dataset'): void {
    if (!isAbort(reason)) {
      this._isGone =
        reason instanceof ApiError && reason.error === 'unknown_dataset';
      // What failed last is shown first.
      const problem = problemOf(reason, this._trans);
      this._problems.delete(what);
      this._problems = new Map([[what, problem], ...this._problems]);
      this._emit();
    }
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: OpenedClient;
  private readonly _trans: TranslationBundle;
  private readonly _poll: Poll;
  private readonly _edited = new Signal<this, DatasetEdit | null>(this);
  private _opening: Promise<void> | null = null;
  private _reference: IReference;
  private _id: string | null;
  private _state: DatasetState | null = null;
  private _since = Date.now();
  /** By what they are of; the one that is shown comes first. */
  private _problems = new Map<Reading | 'dataset', IProblem>();
  private _deleted: DatasetRow | null = null;
  private _isGone = false;
}
