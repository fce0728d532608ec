import { Debouncer } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { isAbort } from '../api';
import type {
  DatasetFullRow,
  DatasetPage,
  DatasetRow,
  DatasetSearch
} from '../api';
import { Model } from '../session/model';
import type { Step } from '../session/source';
import { Pages } from './pages';

/** The order of the list. */
export type Sort = NonNullable<DatasetSearch['sort']>;

/**
 * Where a list's rows come from. Both methods reject if they fail, and report the
 * reason themselves.
 */
export interface IRows {
  /** Null until there is something to search. */
  page(asked: DatasetSearch, signal: AbortSignal): Promise<DatasetPage> | null;
  whole(row: number): Promise<DatasetFullRow>;
}

/** Rows of one request. */
const PAGE = 100;

/** All rows, in the dataset's own order. */
const PLAIN: DatasetSearch = {
  search: '',
  source: null,
  sort: 'order',
  descending: false
};

/** The most requests at the same time: pages on both sides of a border. */
const UNDER_WAY = 2;

/** Milliseconds after the last key press before a search starts. */
const PAUSE = 120;

/**
 * The list of a dataset's rows: search, order, and the row that is shown in full.
 * It has the visible rows, and some that were visible before.
 */
export class Listing extends Model {
  constructor(private readonly _rows: IRows) {
    super();
    this._search = new Debouncer(() => this.restart(), PAUSE);
  }

  /** Number of rows that the list has. */
  get total(): number {
    return this._pages.total;
  }

  /** The search: rows contain all of its words. */
  get query(): string {
    return this._query;
  }

  set query(query: string) {
    this._query = query;
    this._expanded = null;
    this._changed.emit();
    void this._search.invoke().catch(() => undefined);
  }

  /** Only rows of this source; null: all. */
  get source(): string | null {
    return this._source;
  }

  set source(source: string | null) {
    this._source = source;
    this._expanded = null;
    void this.restart();
  }

  /** What the list is sorted by. */
  get sort(): Sort {
    return this._sort;
  }

  /** Whether the order is reversed. */
  get descending(): boolean {
    return this._descending;
  }

  /** Sort the list. */
  order(sort: Sort, descending: boolean): void {
    this._sort = sort;
    this._descending = descending;
    this._expanded = null;
    void this.restart();
  }

  /** Whether all rows are listed, in the dataset's own order. */
  get isPlain(): boolean {
    return (
      this._query === '' &&
      this._source === null &&
      this._sort === 'order' &&
      !this._descending
    );
  }

  /** The row that is shown in full, or null. */
  get expanded(): number | null {
    return this._expanded;
  }

  /** Its place in the list; -1 without one. */
  get expandedAt(): number {
    return this._expanded === null ? -1 : this._expandedAt;
  }

  /** All of that row; null until it is loaded. */
  get full(): DatasetFullRow | null {
    return this._full;
  }

  /** Emitted with the place in the list to scroll to. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  protected release(): void {
    this._abort.abort();
    this._search.dispose();
  }

  /** A row of the list, if it is loaded. */
  row(index: number): DatasetRow | undefined {
    return this._pages.row(index);
  }

  /**
   * Load the rows from `start` to before `end`, soon. An earlier range that isn't
   * loading yet is skipped.
   */
  want(start: number, end: number): void {
    if (start !== this._wanted[0] || end !== this._wanted[1]) {
      this._wanted = [start, end];
      this._isStuck = false;
    }
    this._next();
  }

  /** Show the row at a place of the list in full; null: none. */
  async expand(row: number | null, at = -1): Promise<void> {
    this._expanded = row;
    this._expandedAt = at;
    this._full = null;
    this._changed.emit();
    if (row !== null) {
      try {
        const full = await this._rows.whole(row);
        if (this._expanded === row) {
          this._full = full;
          this._changed.emit();
        }
      } catch {
        // Its place stays as it is.
      }
    }
  }

  /** Show no row in full, since its place may have changed. */
  collapse(): void {
    this._expanded = null;
  }

  /** Scroll to a row, in the dataset's own order. */
  async reveal(row: number): Promise<void> {
    this._query = '';
    this._source = null;
    this._sort = 'order';
    this._descending = false;
    this._expanded = null;
    const at = await this.restart(row);
    if (at !== null) {
      this._revealed.emit(at);
    }
  }

  /**
   * The row before or after another one in the list; in the dataset's own order, if
   * the list doesn't have that one. Null at an end. Rejects if it can't be found.
   */
  async beside(row: number, by: Step): Promise<DatasetRow | null> {
    const { signal } = this._abort;
    for (const order of [this._order, PLAIN]) {
      const ask = (part: Partial<DatasetSearch>) =>
        this._rows.page({ ...order, offset: 0, limit: 1, ...part }, signal);
      const { at = null, total = 0 } = (await ask({ find: row })) ?? {};
      if (at !== null && at >= 0) {
        const next = at + by;
        const isThere = next >= 0 && next < total;
        const page = isThere ? await ask({ offset: next }) : null;
        return page?.rows[0] ?? null;
      }
    }
    return null;
  }

  /**
   * Load everything again.
   *
   * @param find - a row whose place to return.
   * @returns its place; null without one.
   */
  restart(find?: number): Promise<number | null> {
    this._abort.abort();
    this._abort = new AbortController();
    this._underWay = 0;
    this._isStuck = false;
    this._pages.expire();
    this._changed.emit();
    return this._fetch(this._pages.first, find);
  }

  /** Rows were added at the end; the others stay. */
  grow(total: number): void {
    if (this._pages.total < PAGE) {
      void this.restart(); // the first page isn't whole
    } else {
      this._pages.total = total;
    }
  }

  /** Drop all rows. */
  clear(): void {
    this._pages.clear();
  }

  /** Load what is missing of the current range, a little at a time. */
  private _next(): void {
    for (const offset of this._pages.missing(...this._wanted)) {
      if (this._underWay >= UNDER_WAY || this._isStuck) {
        return;
      }
      void this._fetch(offset);
    }
  }

  /** What is listed, and in which order. */
  private get _order(): DatasetSearch {
    return {
      search: this._query,
      source: this._source,
      sort: this._sort,
      descending: this._descending
    };
  }

  private async _fetch(offset: number, find?: number): Promise<number | null> {
    const { signal } = this._abort;
    const answer = this._rows.page(
      { ...this._order, offset, limit: PAGE, find },
      signal
    );
    if (answer === null) {
      return null;
    }
    this._pages.asked(offset);
    this._underWay++;
    let at: number | null = null;
    try {
      const page = await answer;
      if (signal.aborted) {
        return null;
      }
      this._pages.put(offset, page.rows, page.total);
      at = page.at ?? null;
    } catch (reason) {
      if (signal.aborted) {
        return null;
      }
      this._pages.failed(offset);
      if (!isAbort(reason)) {
        // Don't try again by itself: the user scrolls on, or retries.
        this._isStuck = true;
      }
    }
    this._underWay--;
    this._changed.emit();
    this._next();
    return at;
  }

  private readonly _search: Debouncer<number | null>;
  private readonly _pages = new Pages<DatasetRow>(PAGE);
  private readonly _revealed = new Signal<this, number>(this);
  private _abort = new AbortController();
  private _wanted: readonly [start: number, end: number] = [0, 0];
  private _underWay = 0;
  private _isStuck = false;
  private _query = '';
  private _source: string | null = null;
  private _sort: Sort = 'order';
  private _descending = false;
  private _expanded: number | null = null;
  private _expandedAt = -1;
  private _full: DatasetFullRow | null = null;
}
