import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer, Poll } from '@lumino/polling';
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
  DatasetSearch,
  DatasetState
} from '../api';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { Pages } from './pages';

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

/** What the list is sorted by. */
export type Sort = NonNullable<DatasetSearch['sort']>;

/** What a dataset is opened by: its name, or its file's path. */
export interface IReference {
  readonly name?: string;
  readonly path?: string;
  /** Undefined: they are guessed. */
  readonly columns?: DatasetColumns;
  readonly split?: Split;
}

/** Rows that are fetched at once. */
const PAGE = 100;

/** How long typing must pause before it is searched, in ms. */
const PAUSE = 120;

/** How often it is asked how far a file is read, in ms. */
const INTERVAL = 400;

/** A dataset that is open on the server, of which the rows in sight are here. */
export class OpenedDataset implements IDisposable {
  /**
   * @param id - of the dataset where it is open already, as before a reload.
   */
  constructor(
    client: OpenedClient,
    reference: IReference,
    trans: TranslationBundle,
    id: string | null = null
  ) {
    this._client = client;
    this._reference = reference;
    this._trans = trans;
    this._id = id;
    this._search = new Debouncer(() => this._restart(), PAUSE);
    this._poll = new Poll({
      auto: false,
      name: 'lit-lab:dataset',
      frequency: { interval: INTERVAL, backoff: true, max: 5000 },
      standby: 'when-hidden',
      factory: () => this._refresh()
    });
  }

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
    return this._problem;
  }

  /** Number of rows that the list has. */
  get total(): number {
    return this._pages.total;
  }

  /** What is searched for: rows hold all of its words. */
  get query(): string {
    return this._query;
  }

  set query(query: string) {
    this._query = query;
    this._expanded = null;
    this._emit();
    void this._search.invoke().catch(() => undefined);
  }

  /** Only rows of this source; null: all. */
  get source(): string | null {
    return this._source;
  }

  set source(source: string | null) {
    this._source = source;
    this._expanded = null;
    void this._restart();
  }

  /** What the list is sorted by. */
  get sort(): Sort {
    return this._sort;
  }

  /** Whether the last come first. */
  get descending(): boolean {
    return this._descending;
  }

  /** Sort the list. */
  order(sort: Sort, descending: boolean): void {
    this._sort = sort;
    this._descending = descending;
    this._expanded = null;
    void this._restart();
  }

  /** The row whose whole text is shown, or null. */
  get expanded(): number | null {
    return this._expanded;
  }

  /** Its place in the list; -1: there is none. */
  get expandedAt(): number {
    return this._expanded === null ? -1 : this._expandedAt;
  }

  /** All of that row; null before it is here. */
  get full(): DatasetFullRow | null {
    return this._full;
  }

  /** The row that was deleted last, and can be brought back; or null. */
  get deleted(): DatasetRow | null {
    return this._deleted;
  }

  /** Emitted when anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with the place in the list that should come into view. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Close it on the server, too; unsaved changes are lost. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._abort.abort();
    this._search.dispose();
    this._poll.dispose();
    if (this._id !== null) {
      this._client.closeDataset(this._id).catch(() => undefined);
    }
    Signal.clearData(this);
  }

  /** A row of the list, if it is here. */
  row(index: number): DatasetRow | undefined {
    return this._pages.row(index);
  }

  /** Open it, unless that is being done. Never rejects. */
  open(): Promise<void> {
    this._opening ??= this._open().finally(() => {
      this._opening = null;
    });
    return this._opening;
  }

  /** Read the file again, with other columns or other prompts. */
  async reread(change: Partial<IReference>): Promise<void> {
    await this._opening;
    const old = this._id;
    this._reference = { ...this._reference, ...change };
    this._id = null;
    this._state = null;
    this._pages.clear();
    if (old !== null) {
      this._client.closeDataset(old).catch(() => undefined);
    }
    await this.open();
  }

  /** Have the rows from `start` to before `end` here, soon. */
  want(start: number, end: number): void {
    for (const offset of this._pages.missing(start, end)) {
      void this._fetch(offset);
    }
  }

  /** Show the whole text of a row at a place in the list; null: of none. */
  async expand(row: number | null, at = -1): Promise<void> {
    this._expanded = row;
    this._expandedAt = at;
    this._full = null;
    this._emit();
    if (row !== null) {
      const full = await this.read(row);
      if (this._expanded === row) {
        this._full = full;
        this._emit();
      }
    }
  }

  /** Fetch all of a row; null: that failed, and is told. */
  async read(row: number): Promise<DatasetFullRow | null> {
    try {
      return await this._client.datasetRow(this._id ?? '', row);
    } catch (reason) {
      this._fail(reason);
      return null;
    }
  }

  /** Add a row at the end, and show it. */
  async add(prompt: string, target = '', source = ''): Promise<void> {
    const row = await this._edit({ kind: 'add', prompt, target, source });
    if (row !== null) {
      await this.reveal(row);
    }
  }

  /** Give a row another prompt. */
  async change(row: number, prompt: string): Promise<void> {
    if ((await this._edit({ kind: 'change', row, prompt })) !== null) {
      await this.reveal(row);
    }
  }

  /** Add a row like another, behind that, and show it. */
  async duplicate(row: number): Promise<void> {
    const made = await this._edit({ kind: 'duplicate', row });
    if (made !== null) {
      await this.reveal(made);
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
      await this.reveal(row.id);
    }
  }

  /** Bring a row into view, in the dataset's own order. */
  async reveal(row: number): Promise<void> {
    this._query = '';
    this._source = null;
    this._sort = 'order';
    this._descending = false;
    this._expanded = null;
    const at = await this._restart(row);
    if (at !== null) {
      this._revealed.emit(at);
    }
  }

  /**
   * Save it as JSON Lines.
   *
   * @returns what is wrong, or null; `exists`: there is such a file already.
   */
  async save(
    path: string,
    overwrite: boolean
  ): Promise<{ problem: IProblem; exists: boolean } | null> {
    try {
      this._state = await this._client.saveDataset(
        this._id ?? '',
        path,
        overwrite
      );
      this._reference = { path: this._state.path };
      this._emit();
      return null;
    } catch (reason) {
      const exists =
        reason instanceof ApiError && reason.error === 'file_exists';
      const problem = problemOf(reason, this._trans);
      return { problem: { ...problem, remedies: [] }, exists };
    }
  }

  /** Let go of a problem that was told. */
  dismiss(): void {
    this._problem = null;
    this._emit();
  }

  private async _open(): Promise<void> {
    this._since = Date.now();
    this._problem = null;
    this._emit();
    try {
      if (this._id !== null && (await this._reattach(this._id))) {
        return;
      }
      const { name, path, columns, split = 'lines' } = this._reference;
      const state = await this._client.openDataset(
        path === undefined ? { name, columns, split } : { path, columns, split }
      );
      if (this._isDisposed) {
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
    await this._restart();
  }

  private async _refresh(): Promise<void> {
    if (this._id === null || this._isDisposed) {
      return;
    }
    try {
      const before = this._state?.rows ?? 0;
      this._take(await this._client.dataset(this._id));
      const done = this._state?.state !== 'reading';
      if (done) {
        void this._poll.stop();
      }
      // Rows are added at the end. A search is done again when all are here.
      if (done || (before < PAGE && this._isPlain)) {
        await this._restart();
      } else if (this._isPlain) {
        this._pages.total = this._state?.rows ?? 0;
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

  private get _isPlain(): boolean {
    return (
      this._query === '' &&
      this._source === null &&
      this._sort === 'order' &&
      !this._descending
    );
  }

  private _take(state: DatasetState): void {
    this._state = state;
    if (state.error) {
      this._problem = problemOf(new ApiError(state.error, 200), this._trans);
    }
    this._emit();
  }

  private async _edit(edit: DatasetEdit): Promise<number | null> {
    try {
      const { row, dataset } = await this._client.editDataset(
        this._id ?? '',
        edit
      );
      this._problem = null;
      this._take(dataset);
      this._expanded = null; // Its place may be another now.
      await this._restart();
      return row;
    } catch (reason) {
      this._fail(reason);
      return null;
    }
  }

  /**
   * Look everything up anew.
   *
   * @param find - a row whose place is asked for.
   */
  private async _restart(find?: number): Promise<number | null> {
    this._abort.abort();
    this._abort = new AbortController();
    this._pages.expire();
    this._emit();
    return this._fetch(this._pages.first, find);
  }

  private async _fetch(offset: number, find?: number): Promise<number | null> {
    if (this._id === null) {
      return null;
    }
    const { signal } = this._abort;
    this._pages.asked(offset);
    try {
      const page = await this._client.datasetRows(
        this._id,
        {
          search: this._query,
          source: this._source,
          sort: this._sort,
          descending: this._descending,
          offset,
          limit: PAGE,
          find
        },
        signal
      );
      if (!signal.aborted) {
        this._pages.put(offset, page.rows, page.total);
        this._emit();
        return page.at ?? null;
      }
    } catch (reason) {
      if (!isAbort(reason) && !signal.aborted) {
        this._pages.failed(offset);
        this._fail(reason);
      }
    }
    return null;
  }

  private _fail(reason: unknown): void {
    if (!isAbort(reason)) {
      this._problem = problemOf(reason, this._trans);
      this._emit();
    }
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: OpenedClient;
  private readonly _trans: TranslationBundle;
  private readonly _search: Debouncer<number | null>;
  private readonly _poll: Poll;
  private readonly _pages = new Pages<DatasetRow>(PAGE);
  private readonly _changed = new Signal<this, void>(this);
  private readonly _revealed = new Signal<this, number>(this);
  private _abort = new AbortController();
  private _opening: Promise<void> | null = null;
  private _reference: IReference;
  private _id: string | null;
  private _state: DatasetState | null = null;
  private _since = Date.now();
  private _problem: IProblem | null = null;
  private _query = '';
  private _source: string | null = null;
  private _sort: Sort = 'order';
  private _descending = false;
  private _expanded: number | null = null;
  private _expandedAt = -1;
  private _full: DatasetFullRow | null = null;
  private _deleted: DatasetRow | null = null;
  private _isDisposed = false;
}
