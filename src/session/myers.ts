/** The difference of two sequences. */

/** A common run of items of two sequences. */
export interface IMatch {
  readonly left: number;
  readonly right: number;
  readonly length: number;
}

/** The number of edits after which the search stops and splits the sequences. */
const PATIENCE = 256;

/**
 * The common items of two sequences, in order.
 *
 * Myers' linear-space algorithm (1986). If two sequences differ so much that
 * finding the shortest script would take long, the search splits them at the
 * farthest point; the result is then a common subsequence, not always the longest.
 * Time is bounded by (n + m) · 256 steps.
 */
export function commonParts(
  left: readonly string[],
  right: readonly string[]
): IMatch[] {
  const numbers = new Map<string, number>();
  const numbered = (items: readonly string[]) =>
    Int32Array.from(items, item => {
      const number = numbers.get(item) ?? numbers.size;
      numbers.set(item, number);
      return number;
    });
  return new Search(numbered(left), numbered(right)).run();
}

/** Part of two sequences: `[left, leftEnd)` and `[right, rightEnd)`. */
interface IBox {
  readonly left: number;
  readonly leftEnd: number;
  readonly right: number;
  readonly rightEnd: number;
}

class Search {
  constructor(
    private readonly _a: Int32Array,
    private readonly _b: Int32Array
  ) {
    const size = _a.length + _b.length;
    this._shift = _b.length + 1;
    this._forth = new Int32Array(size + 3);
    this._back = new Int32Array(size + 3);
  }

  run(): IMatch[] {
    const { _a: a, _b: b } = this;
    const matches: IMatch[] = [];
    // Depth first, the left part first, so that matches come in order.
    const boxes: (IBox | IMatch)[] = [
      { left: 0, leftEnd: a.length, right: 0, rightEnd: b.length }
    ];
    for (let box = boxes.pop(); box; box = boxes.pop()) {
      if ('length' in box) {
        join(matches, box);
        continue;
      }
      let { left, leftEnd, right, rightEnd } = box;
      const start = left;
      while (left < leftEnd && right < rightEnd && a[left] === b[right]) {
        left++;
        right++;
      }
      join(matches, {
        left: start,
        right: right - (left - start),
        length: left - start
      });
      const end = leftEnd;
      while (
        left < leftEnd &&
        right < rightEnd &&
        a[leftEnd - 1] === b[rightEnd - 1]
      ) {
        leftEnd--;
        rightEnd--;
      }
      boxes.push({ left: leftEnd, right: rightEnd, length: end - leftEnd });
      if (left < leftEnd && right < rightEnd) {
        const [x, y] = this._split({ left, leftEnd, right, rightEnd });
        boxes.push({ left: x, leftEnd, right: y, rightEnd });
        boxes.push({ left, leftEnd: x, right, rightEnd: y });
      }
    }
    return matches;
  }

  /**
   * A point that a short script passes. The box's first items differ, and so do
   * its last: the point is never a corner.
   *
   * Positions on a diagonal `x - y` are stored by their `x`: the farthest from the
   * start, and the farthest from the end.
   */
  private _split({ left, leftEnd, right, rightEnd }: IBox): [number, number] {
    const { _a: a, _b: b, _forth: forth, _back: back, _shift: shift } = this;
    const first = left - right;
    const last = leftEnd - rightEnd;
    const lowest = left - rightEnd;
    const highest = leftEnd - right;
    const isOdd = ((first - last) & 1) !== 0;
    let [forthLow, forthHigh] = [first, first];
    let [backLow, backHigh] = [last, last];
    forth[first + shift] = left;
    back[last + shift] = leftEnd;
    for (let edits = 1; ; edits++) {
      // Beyond the box's edges there are no diagonals: values from there are never
      // used.
      if (forthLow > lowest) {
        forth[--forthLow - 1 + shift] = -1;
      } else {
        forthLow++;
      }
      if (forthHigh < highest) {
        forth[++forthHigh + 1 + shift] = -1;
      } else {
        forthHigh--;
      }
      for (let d = forthHigh; d >= forthLow; d -= 2) {
        const below = forth[d - 1 + shift];
        const above = forth[d + 1 + shift];
        let x = below >= above ? below + 1 : above;
        while (x < leftEnd && x - d < rightEnd && a[x] === b[x - d]) {
          x++;
        }
        forth[d + shift] = x;
        if (isOdd && backLow <= d && d <= backHigh && back[d + shift] <= x) {
          return [x, x - d];
        }
      }
      if (backLow > lowest) {
        back[--backLow - 1 + shift] = MAX;
      } else {
        backLow++;
      }
      if (backHigh < highest) {
        back[++backHigh + 1 + shift] = MAX;
      } else {
        backHigh--;
      }
      for (let d = backHigh; d >= backLow; d -= 2) {
        const below = back[d - 1 + shift];
        const above = back[d + 1 + shift];
        let x = below < above ? below : above - 1;
        while (x > left && x - d > right && a[x - 1] === b[x - d - 1]) {
          x--;
        }
        back[d + shift] = x;
        if (
          !isOdd &&
          forthLow <= d &&
          d <= forthHigh &&
          x <= forth[d + shift]
        ) {
          return [x, x - d];
        }
      }
      if (edits >= PATIENCE) {
        return this._farthest(
          { left, leftEnd, right, rightEnd },
          [forthLow, forthHigh],
          [backLow, backHigh]
        );
      }
    }
  }

  /** The farthest point of the search, from the start or from the end. */
  private _farthest(
    { left, leftEnd, right, rightEnd }: IBox,
    [forthLow, forthHigh]: readonly [number, number],
    [backLow, backHigh]: readonly [number, number]
  ): [number, number] {
    const { _forth: forth, _back: back, _shift: shift } = this;
    let best: [number, number] = [left, right];
    let gone = 0;
    const consider = (x: number, y: number, way: number) => {
      const isInside = x >= left && x <= leftEnd && y >= right && y <= rightEnd;
      const isCorner =
        (x === left && y === right) || (x === leftEnd && y === rightEnd);
      if (isInside && !isCorner && way > gone) {
        gone = way;
        best = [x, y];
      }
    };
    for (let d = forthHigh; d >= forthLow; d -= 2) {
      const x = Math.min(forth[d + shift], leftEnd, rightEnd + d);
      consider(x, x - d, x - left + (x - d - right));
    }
    for (let d = backHigh; d >= backLow; d -= 2) {
      const x = Math.max(back[d + shift], left, right + d);
      consider(x, x - d, leftEnd - x + (rightEnd - (x - d)));
    }
    return best;
  }

  private readonly _shift: number;
  private readonly _forth: Int32Array;
  private readonly _back: Int32Array;
}

const MAX = 2 ** 31 - 1;

/** Add a match, or extend the last one. */
function join(matches: IMatch[], match: IMatch): void {
  const last = matches[matches.length - 1];
  if (match.length === 0) {
    return;
  }
  if (
    last &&
    last.left + last.length === match.left &&
    last.right + last.length === match.right
  ) {
    matches[matches.length - 1] = {
      ...last,
      length: last.length + match.length
    };
  } else {
    matches.push(match);
  }
}
