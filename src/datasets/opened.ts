import type { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { ApiError, isAbort } from '../api';
import type {
  ApiClient,
  DatasetEdit,
  DatasetFullRow,
  DatasetState
} from '../api';
import { Model } from '../session/model';
import type { IProblem } from '../session/problem';
import { Listing } from './listing';
import { Problems } from './problems';
import type { Subject } from './problems';
import { nameOf, openingOf } from './reference';
import type { IReference } from './reference';
import { RowEdits } from './rowEdits';
import { saveFailureOf } from './saving';
import type { Consent, ISaveFailure } from './saving';

/** What an open dataset needs from the client. */
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

/** Milliseconds between two requests for the progress of reading. */
const INTERVAL = 400;

/** A dataset that is open on the server: opens, reads, changes and saves it. */
export class OpenedDataset extends Model {
  /** @param id - of the dataset if it is already open, as after a reload. */
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
    this._problems = new Problems(trans);
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
    this.edits = new RowEdits(
      edit => this._edit(edit),
      this.list,
      () => this._emit()
    );
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

  /** Edits of its rows. */
  readonly edits: RowEdits;

  /** The name or path that opened it. */
  get reference(): IReference {
    return this._reference;
  }

  /** Its id on the server; null before it is open there. */
  get id(): string | null {
    return this._id;
  }

  /** The name that the interface shows. */
  get name(): string {
    return nameOf(this._reference);
  }

  /** Its state on the server; null before it is open there. */
  get state(): DatasetState | null {
    return this._state;
  }

  /** When the request to open it started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** Why LIT Lab can't open, read or change it; or null. */
  get problem(): IProblem | null {
    return this._problems.last;
  }

  /**
   * Emitted with each edit; null: the dataset was closed or read again, and row
   * numbers mean other rows.
   */
  get edited(): ISignal<this, DatasetEdit | null> {
    return this._edited;
  }

  /** Close it on the server, too; this loses unsaved changes. */
  protected release(): void {
    this.list.dispose();
    this._poll.dispose();
    if (this._id !== null) {
      this._client.closeDataset(this._id).catch(() => undefined);
    }
    this._edited.emit(null);
  }

  /** Open it, unless a request to do so is in progress. Never rejects. */
  open(): Promise<void> {
    this._opening ??= this._open().finally(() => {
      this._opening = null;
    });
    return this._opening;
  }

  /** Repeat what failed. Changes are lost only if the server has lost them. */
  async retry(): Promise<void> {
    if (
      this._id === null ||
      this._problems.isGone ||
      this._state?.state === 'failed'
    ) {
      await this.reread({});
      return;
    }
    this._problems.clear();
    if (this._state?.state !== 'ready') {
      void this._poll.start();
    }
    await this.list.restart();
  }

  /** Read the file again, with other columns or another way to find prompts. */
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

  /** Read all of a row; null if that failed: `problem` then says why. */
  async read(row: number): Promise<DatasetFullRow | null> {
    try {
      return await this._row(row);
    } catch {
      return null;
    }
  }

  /**
   * Save it as JSON Lines.
   *
   * @param path - of the file.
   * @param consent - what the user allows.
   * @returns why it failed, or null.
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
        // The columns' names in the new file.
        ...(columns && { columns: this._state.chosen })
      };
      this._emit();
      await this.list.restart(); // line numbers have changed
      return null;
    } catch (reason) {
      return saveFailureOf(reason, this._trans);
    }
  }

  /** Dismiss the problem. */
  dismiss(): void {
    this._problems.clear();
    this._emit();
  }

  private _row(row: number): Promise<DatasetFullRow> {
    return this._reading('row', this._client.datasetRow(this._id ?? '', row));
  }

  /** Report a failed read, until one of the same kind succeeds. */
  private async _reading<T>(
    what: Subject,
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
      const state = await this._client.openDataset(openingOf(this._reference));
      if (this.isDisposed) {
        this._client.closeDataset(state.id).catch(() => undefined);
        return;
      }
      await this._began(state);
    } catch (reason) {
      this._fail(reason);
    }
  }

  /** Take over a dataset that is open on the server; false if it no longer is. */
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
      // Rows arrive at the end. A search runs again when all are here.
      if (this._state?.state !== 'reading') {
        void this._poll.stop();
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
      throw reason; // the poll tries again, after longer and longer pauses
    }
  }

  private _take(state: DatasetState): void {
    this._state = state;
    if (state.error) {
      this._problems.add('dataset', new ApiError(state.error, 200));
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

  private _fail(reason: unknown, what: Subject = 'dataset'): void {
    if (!isAbort(reason)) {
      this._problems.add(what, reason);
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
  private readonly _problems: Problems;
  private readonly _edited = new Signal<this, DatasetEdit | null>(this);
  private _opening: Promise<void> | null = null;
  private _reference: IReference;
  private _id: string | null;
  private _state: DatasetState | null = null;
  private _since = Date.now();
}
