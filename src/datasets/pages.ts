/** The most pages of a list that are kept. */
const MOST = 40;

/** A long list, of which some pages are here. */
export class Pages<T> {
  /** @param size - rows of a page. */
  constructor(readonly size: number) {}

  /** Number of rows, here or not. */
  total = 0;

  /** Where the page begins that was asked for last: what is in sight. */
  get first(): number {
    return this._last < this.total ? this._last : 0;
  }

  /** A row, if it is here. */
  row(index: number): T | undefined {
    return this._pages.get(index - (index % this.size))?.[index % this.size];
  }

  /** Where the pages begin that a stretch of rows needs and nobody asked for. */
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

  /** A page was asked for. */
  asked(offset: number): void {
    this._asked.add(offset);
    this._last = offset;
  }

  /** A page can't be had; it may be asked for again. */
  failed(offset: number): void {
    this._asked.delete(offset);
  }

  /** A page has come. */
  put(offset: number, rows: readonly T[], total: number): void {
    this.total = total;
    if (this._isOld) {
      this._isOld = false;
      this._pages.clear();
    }
    this._pages.set(offset, rows);
    // The page that came first goes first: the user has scrolled on by now.
    while (this._pages.size > MOST) {
      const [oldest] = this._pages.keys();
      this._pages.delete(oldest);
      this._asked.delete(oldest);
    }
  }

  /** All is another now; what is here stays until something new comes. */
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
