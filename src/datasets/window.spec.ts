import {
  boxHeight,
  DETAIL,
  inSight,
  placeOf,
  ROW,
  scrollTo,
  TALLEST
} from './window';

const LIST = { total: 1000, expanded: -1, top: 0, height: 10 * ROW };

describe('datasets/window', () => {
  it('draws what is in sight, and a little more', () => {
    expect(inSight(LIST)).toEqual({ start: 0, end: 17 });
    expect(inSight({ ...LIST, top: 100 * ROW })).toEqual({
      start: 94,
      end: 117
    });
    expect(inSight({ ...LIST, total: 3 })).toEqual({ start: 0, end: 3 });
    expect(inSight({ ...LIST, total: 0 })).toEqual({ start: 0, end: 0 });
  });

  it('makes room below an expanded row', () => {
    const list = { ...LIST, expanded: 2 };
    expect(boxHeight(list)).toBe(1000 * ROW + DETAIL);
    expect(placeOf(list, 2)).toBe(2 * ROW);
    expect(placeOf(list, 3)).toBe(3 * ROW + DETAIL);
    // In the middle of what is below it, it is still the one in sight.
    expect(inSight({ ...list, top: 3 * ROW + DETAIL - 1 }).start).toBe(0);
    expect(inSight({ ...list, top: 12 * ROW + DETAIL }).start).toBe(6);
  });

  it('scrolls no more than a row needs', () => {
    expect(scrollTo(LIST, 5)).toBe(0);
    expect(scrollTo(LIST, 10)).toBe(ROW);
    expect(scrollTo({ ...LIST, top: 500 }, 3)).toBe(3 * ROW);
  });

  it.each([0, 1, 12_345, 999_999, 2_000_000, 2_999_999])(
    'reaches row %d of a list that is higher than a browser draws',
    index => {
      const list = { ...LIST, total: 3_000_000 };
      expect(boxHeight(list)).toBe(TALLEST);
      const top = scrollTo(list, index);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(top).toBeLessThanOrEqual(TALLEST - list.height + 1e-6);
      const at = { ...list, top };
      const { start, end } = inSight(at);
      expect(index).toBeGreaterThanOrEqual(start);
      expect(index).toBeLessThan(end);
      const place = placeOf(at, index);
      expect(place).toBeGreaterThanOrEqual(top - 1e-3);
      expect(place + ROW).toBeLessThanOrEqual(top + list.height + 1e-3);
    }
  );
});
