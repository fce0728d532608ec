import { nextIndex } from './rovingFocus';

describe('components/rovingFocus', () => {
  it.each([
    ['ArrowDown', 2, 3],
    ['ArrowDown', 4, 4],
    ['ArrowUp', 2, 1],
    ['ArrowUp', 0, 0],
    ['Home', 3, 0],
    ['End', 1, 4],
    ['PageDown', 1, 4],
    ['PageUp', 4, 1]
  ])('moves with %s from %d to %d', (key, from, to) => {
    expect(nextIndex(key, from, 5, 3)).toBe(to);
  });

  it('leaves other keys, and empty lists', () => {
    expect(nextIndex('PageDown', 1, 5)).toBeNull();
    expect(nextIndex('Enter', 1, 5, 3)).toBeNull();
    expect(nextIndex('toString', 1, 5, 3)).toBeNull();
    expect(nextIndex('End', 0, 0)).toBeNull();
  });
});
