/** The most pages of a list in memory. */
const MAX_PAGES = 40;

/** A long list, of which some pages are loaded. */
export class Pages<T> {
  /** @param size - rows of a page. */
  constructor(readonly size: number) {}

  /** Number of rows, loaded or not. */
  total = 0;

  /** The first row of the page that was requested last, which is visible. */
  get first(): number {
    return this._last < this.total ? this._last : 0;
  }

  /** A row, if it is loaded. */
  row(index: number): T | undefined {
    return this._pages.get(index - (index % this.size))?.[index % this.size];
  }

  /** The first rows of the pages that a range needs and nobody has requested. */
  missing(start: number, end: number): number[] {
    const missing = [];
    const last = Math.min(end, this.total);
    for (let at = start - (start % this.size); at < last; at += this.size) {
      if (!this._asked.has(at)) {
        missing.push(at);
      }
    }
    return missing;
  }

  /** A page was requested. */
  asked(offset: number): void {
    this._asked.add(offset);
    this._last = offset;
  }

  /** A request failed; the page may be requested again. */
  failed(offset: number): void {
    this._asked.delete(offset);
  }

  /** A page was loaded. */
  put(offset: number, rows: readonly T[], total: number): void {
    this.total = total;
    if (this._isOld) {
      this._isOld = false;
      this._pages.clear();
    }
    this._pages.set(offset, rows);
    // The oldest page goes first: the user has scrolled on.
    while (this._pages.size > MAX_PAGES) {
      const [oldest] = this._pages.keys();
      this._pages.delete(oldest);
      this._asked.delete(oldest);
    }
  }

  /** All rows may have changed; loaded ones stay until new ones arrive. */
  expire(): void {
    this._isOld = true;
    this._asked.clear();
  }

  /** Let go of everything. */
  clear(): void {
    this._pages.clear();
    this._asked.clear();
    this._last = 0;
    this.total = 0;
  }

  private readonly _pages = new Map<number, readonly T[]>();
  private readonly _asked = new Set<number>();
  private _last = 0;
  private _isOld = false;
}
