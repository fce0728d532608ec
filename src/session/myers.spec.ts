import { commonParts } from './myers';
import type { IMatch } from './myers';

const parts = (left: string, right: string) =>
  commonParts([...left], [...right]);

/** The items that matches say are common, after checking that they are. */
function common(left: string[], right: string[], matches: IMatch[]): string[] {
  let [i, j] = [0, 0];
  return matches.flatMap(match => {
    if (match.length < 1 || match.left < i || match.right < j) {
      throw new Error(`${JSON.stringify(match)} is out of order`);
    }
    i = match.left + match.length;
    j = match.right + match.length;
    const items = left.slice(match.left, i);
    expect(right.slice(match.right, j)).toEqual(items);
    return items;
  });
}

/** Length of the longest common subsequence, by its definition. */
function longest(left: readonly string[], right: readonly string[]): number {
  let row = new Array<number>(right.length + 1).fill(0);
  for (const item of left) {
    const next = [0];
    right.forEach((other, j) => {
      next.push(item === other ? row[j] + 1 : Math.max(row[j + 1], next[j]));
    });
    row = next;
  }
  return row[right.length];
}

/** Numbers that are the same in each run of the tests. */
function* numbers(seed: number): Generator<number, never, void> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

describe('session/myers', () => {
  it('finds nothing in nothing', () => {
    expect(parts('', '')).toEqual([]);
    expect(parts('abc', '')).toEqual([]);
    expect(parts('', 'abc')).toEqual([]);
    expect(parts('abc', 'xyz')).toEqual([]);
  });

  it('finds one stretch where both are the same', () => {
    expect(parts('abc', 'abc')).toEqual([{ left: 0, right: 0, length: 3 }]);
  });

  it('finds what stands around an insertion, a removal, a change', () => {
    expect(parts('abef', 'abcdef')).toEqual([
      { left: 0, right: 0, length: 2 },
      { left: 2, right: 4, length: 2 }
    ]);
    expect(parts('abcdef', 'abef')).toEqual([
      { left: 0, right: 0, length: 2 },
      { left: 4, right: 2, length: 2 }
    ]);
    expect(parts('abXef', 'abYef')).toEqual([
      { left: 0, right: 0, length: 2 },
      { left: 3, right: 3, length: 2 }
    ]);
  });

  it('finds a longest common subsequence, whatever the sequences', () => {
    const random = numbers(7);
    const next = () => random.next().value;
    for (let round = 0; round < 150; round++) {
      const letters = 2 + Math.floor(next() * 5);
      const make = () =>
        Array.from({ length: Math.floor(next() * 40) }, () =>
          String(Math.floor(next() * letters))
        );
      const [left, right] = [make(), make()];
      const found = common(left, right, commonParts(left, right));
      expect(found).toHaveLength(longest(left, right));
    }
  });

  it('stays in order and bounded where everything differs', () => {
    const random = numbers(3);
    const make = (letters: number) =>
      Array.from({ length: 8000 }, () =>
        String(Math.floor(random.next().value * letters))
      );
    // Few letters: much is common by chance, which is where it takes long.
    const [left, right] = [make(50), make(50)];
    const found = common(left, right, commonParts(left, right));
    expect(found.length).toBeGreaterThan(1200);
    const others = make(1e9).map(item => `other ${item}`);
    expect(commonParts(left, others)).toEqual([]);
  });

  it('finds a small change in a long sequence exactly', () => {
    const left = Array.from({ length: 20_000 }, (_, i) => String(i));
    const right = [...left.slice(0, 9000), 'new', ...left.slice(9100)];
    expect(commonParts(left, right)).toEqual([
      { left: 0, right: 0, length: 9000 },
      { left: 9100, right: 9001, length: 10_900 }
    ]);
  });
});
