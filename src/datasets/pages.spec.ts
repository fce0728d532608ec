import { Pages } from './pages';

const rows = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + i);

describe('datasets/pages', () => {
  it('knows what is missing, and asks for it once', () => {
    const pages = new Pages<number>(10);
    pages.put(0, rows(0, 10), 35);
    pages.asked(0);
    expect(pages.missing(5, 25)).toEqual([10, 20]);
    pages.asked(10);
    pages.asked(20);
    expect(pages.missing(5, 25)).toEqual([]);
    pages.failed(10);
    expect(pages.missing(5, 25)).toEqual([10]);
    expect(pages.missing(28, 99)).toEqual([30]);
  });

  it('has rows of the pages that have come', () => {
    const pages = new Pages<number>(10);
    pages.put(20, rows(20, 10), 30);
    expect(pages.row(25)).toBe(25);
    expect(pages.row(5)).toBeUndefined();
  });

  it('shows the old until the new has come, and never both', () => {
    const pages = new Pages<number>(10);
    pages.put(0, rows(0, 10), 20);
    pages.put(10, rows(10, 10), 20);
    pages.expire();
    expect(pages.row(3)).toBe(3);
    expect(pages.missing(0, 20)).toEqual([0, 10]);
    pages.put(0, rows(100, 5), 5);
    expect(pages.row(3)).toBe(103);
    expect(pages.row(13)).toBeUndefined();
    expect(pages.total).toBe(5);
  });

  it('keeps a bounded number of pages', () => {
    const pages = new Pages<number>(10);
    for (let at = 0; at < 1000; at += 10) {
      pages.asked(at);
      pages.put(at, rows(at, 10), 1000);
    }
    expect(pages.row(999)).toBe(999);
    expect(pages.row(0)).toBeUndefined();
    expect(pages.missing(0, 5)).toEqual([0]);
  });
});
