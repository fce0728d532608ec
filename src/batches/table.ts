import type { TranslationBundle } from '@jupyterlab/translation';

import { isAbort } from '../api';
import type { BatchRowsPage, BatchRowsRequest } from '../api';
import type { BatchClient } from '../api/batches';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';

/** Rows of a page. */
export const PAGE = 100;

/** Which rows are listed. */
export type Only = NonNullable<BatchRowsRequest['only']>;

/** The rows of a batch, a page at a time; beside those of another one if they are compared. */
export class BatchTable extends Model {
  constructor(
    private readonly _client: Pick<BatchClient, 'batchRows'>,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  /** The rows of the page; null until they are there. */
  get page(): BatchRowsPage | null {
    return this._page;
  }

  get only(): Only {
    return this._only;
  }

  set only(only: Only) {
    this._only = only;
    this._begin();
  }

  /** The index of the page's first row among those that are listed. */
  get offset(): number {
    return this._offset;
  }

  set offset(offset: number) {
    this._offset = Math.max(0, offset);
    this._load();
  }

  /** Id of the batch that this one is compared with, or null. */
  get other(): string | null {
    return this._other;
  }

  /** Why the rows can't be shown, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether the page is older than what is known of the batches. */
  get isStale(): boolean {
    return this._isStale;
  }

  protected release(): void {
    this._abort?.abort();
  }

  /** Show another batch, or none. */
  open(id: string | null, other: string | null): void {
    this._id = id;
    this._other = other;
    this._only = 'all';
    this._begin();
  }

  /** Compare with another batch; null: with none. */
  compare(other: string | null): void {
    this._other = other;
    this._begin();
  }

  /** Fetch the page again, unless all of it is there and nothing can join it. */
  refresh(): void {
    const isWhole =
      this._problem === null &&
      this._only === 'all' &&
      this._other === null &&
      this._page?.rows.every(({ found }) => found && found.error === '');
    if (isWhole) {
      return;
    }
    this._isStale = true;
    if (this._isLoading) {
      this._isDue = true; // the answer may be older than the reason to ask
    } else {
      this._load();
    }
  }

  /** Fetch the first page; what is there answers another question. */
  private _begin(): void {
    this._offset = 0;
    this._page = null;
    this._problem = null;
    this._load();
  }

  private _load(): void {
    this._abort?.abort();
    this._abort = null;
    this._isLoading = false;
    this._isDue = false;
    if (this._id !== null) {
      void this._fetch(this._id, (this._abort = new AbortController()).signal);
    }
    this._emit();
  }

  private async _fetch(id: string, signal: AbortSignal): Promise<void> {
    this._isLoading = true;
    try {
      const page = await this._client.batchRows(
        id,
        {
          offset: this._offset,
          limit: PAGE,
          only: this._only,
          other: this._other
        },
        signal
      );
      if (signal.aborted) {
        return;
      }
      this._page = page;
      this._problem = null;
      this._isStale = this._isDue;
      if (this._offset > 0 && this._offset >= page.total) {
        // Rows that failed have passed since.
        this.offset = Math.max(0, Math.ceil(page.total / PAGE) - 1) * PAGE;
        return;
      }
    } catch (reason) {
      if (isAbort(reason) || signal.aborted) {
        return;
      }
      this._problem = problemOf(reason, this._trans);
    }
    this._isLoading = false;
    if (this._isDue) {
      this._load();
    } else {
      this._emit();
    }
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private _id: string | null = null;
  private _other: string | null = null;
  private _only: Only = 'all';
  private _offset = 0;
  private _page: BatchRowsPage | null = null;
  private _problem: IProblem | null = null;
  private _abort: AbortController | null = null;
  private _isLoading = false;
  private _isDue = false;
  private _isStale = false;
}
