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
import { Pages } from './pages';

/** What the list is sorted by. */
export type Sort = NonNullable<DatasetSearch['sort']>;

/**
 * Where a list's rows come from. Both reject when they can't be had, and tell
 * why themselves.
 */
export interface IRows {
  /** Null while there is nothing to look in. */
  page(asked: DatasetSearch, signal: AbortSignal): Promise<DatasetPage> | null;
  whole(row: number): Promise<DatasetFullRow>;
}

/** Rows that are fetched at once. */
const PAGE = 100;

/** Pages that are under way at the same time: those on both sides of a border. */
const UNDER_WAY = 2;

/** How long typing must pause before it is searched, in ms. */
const PAUSE = 120;

/**
 * The list of a dataset's rows: what is searched for, the order, which row is
 * shown whole. It has the rows in sight, and some of those before.
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

  /** What is searched for: rows hold all of its words. */
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

  /** Whether the last come first. */
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

  /** Whether all rows are there, in the dataset's own order. */
  get isPlain(): boolean {
    return (
      this._query === '' &&
      this._source === null &&
      this._sort === 'order' &&
      !this._descending
    );
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

  /** Emitted with the place in the list that should come into view. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  protected release(): void {
    this._abort.abort();
    this._search.dispose();
  }

  /** A row of the list, if it is here. */
  row(index: number): DatasetRow | undefined {
    return this._pages.row(index);
  }

  /**
   * Have the rows from `start` to before `end` here, soon. What was wanted
   * before, and isn't under way yet, is passed by.
   */
  want(start: number, end: number): void {
    if (start !== this._wanted[0] || end !== this._wanted[1]) {
      this._wanted = [start, end];
      this._isStuck = false;
    }
    this._next();
  }

  /** Show the whole text of a row at a place in the list; null: of none. */
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

  /** Show no row's whole text, as its place may be another now. */
  collapse(): void {
    this._expanded = null;
  }

  /** Bring a row into view, in the dataset's own order. */
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
   * Look everything up anew.
   *
   * @param find - a row whose place is asked for.
   * @returns its place; null where it has none.
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

  /** There are so many rows by now, of which the first stay what they are. */
  grow(total: number): void {
    if (this._pages.total < PAGE) {
      void this.restart(); // the first page isn't whole
    } else {
      this._pages.total = total;
    }
  }

  /** Let go of all rows. */
  clear(): void {
    this._pages.clear();
  }

  /** Fetch what is missing of what is wanted, a little at a time. */
  private _next(): void {
    for (const offset of this._pages.missing(...this._wanted)) {
      if (this._underWay >= UNDER_WAY || this._isStuck) {
        return;
      }
      void this._fetch(offset);
    }
  }

  private async _fetch(offset: number, find?: number): Promise<number | null> {
    const { signal } = this._abort;
    const answer = this._rows.page(
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
        // Not again and again: when the user goes on, or asks for it.
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
