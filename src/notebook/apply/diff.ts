/** The difference of a text and its edit, which leaves some spans of it whole. */
import type { IEdit } from '../../session/mapped';
import { commonParts } from '../../session/myers';
import type { Span } from '../../session/source';

/** Limit on pairs of units that are compared to find spans again. */
const MAX_PAIRS = 16_000_000;

/**
 * Limit on the pieces of a text that are compared, without what both texts
 * begin and end with.
 */
const MAX_PIECES = 60_000;

/** Words, line breaks, blanks and signs: a text in pieces. */
const PIECES = /[\p{L}\p{M}\p{N}_]+|\n|[^\S\n]+|[^]/gu;

/**
 * The edits that make `after` of `before`; null if the spans that are to stay
 * aren't all in `after`, in order, or finding them takes too long.
 *
 * @param kept - spans of `before` that no edit touches, in order, apart and not
 *   empty.
 */
export function editsOf(
  before: string,
  after: string,
  kept: readonly Span[]
): IEdit[] | null {
  const places = placesOf(before, after, kept);
  if (places === null) {
    return null;
  }
  const edits: IEdit[] = [];
  let from = 0;
  let at = 0;
  const compare = (to: number, until: number) => {
    const part = [before.slice(from, to), after.slice(at, until)] as const;
    edits.push(...editsOfPart(...part, from));
  };
  kept.forEach(([start, end], index) => {
    compare(start, places[index]);
    from = end;
    at = places[index] + end - start;
  });
  compare(before.length, after.length);
  return edits;
}

/** The edits of a part that has no span to keep, word by word. */
function editsOfPart(before: string, after: string, shift: number): IEdit[] {
  const edits: IEdit[] = [];
  let from = 0;
  let at = 0;
  const add = (to: number, until: number) => {
    if (from < to || at < until) {
      const edit = { from, to, insert: after.slice(at, until) };
      edits.push(trimmed(before, edit, shift));
    }
  };
  for (const part of commonWords(before, after)) {
    add(part.from, part.at);
    from = part.from + part.length;
    at = part.at + part.length;
  }
  add(before.length, after.length);
  return edits;
}

/** Where both texts have the same words, in order; of too many none. */
function commonWords(
  before: string,
  after: string
): { from: number; at: number; length: number }[] {
  const left = piecesOf(before);
  const right = piecesOf(after);
  const [start, end] = sharedEnds(left.words, right.words);
  const most = Math.max(left.words.length, right.words.length);
  if (most - start - end > MAX_PIECES) {
    return [];
  }
  return commonParts(left.words, right.words).map(match => ({
    from: left.starts[match.left],
    at: right.starts[match.right],
    length: left.starts[match.left + match.length] - left.starts[match.left]
  }));
}

/**
 * An edit without what it leaves unchanged at its ends; never splits a
 * character.
 */
export function trimmed(text: string, edit: IEdit, shift: number): IEdit {
  let { from, to, insert } = edit;
  const old = text.slice(from, to);
  let [start, end] = sharedEnds(old, insert);
  while (start > 0 && cuts(old, insert, start, start)) {
    start--;
  }
  while (end > 0 && cuts(old, insert, old.length - end, insert.length - end)) {
    end--;
  }
  from += start;
  to -= end;
  insert = insert.slice(start, insert.length - end);
  return { from: from + shift, to: to + shift, insert };
}

/** Whether a place in either text lies within a surrogate pair. */
function cuts(left: string, right: string, i: number, j: number): boolean {
  const isInside = (text: string, at: number) =>
    /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(at - 1, at + 1));
  return (i > 0 && isInside(left, i)) || (j > 0 && isInside(right, j));
}

/** How many items two sequences share at their beginnings, and then at their ends. */
function sharedEnds(
  left: ArrayLike<string>,
  right: ArrayLike<string>
): [number, number] {
  const most = Math.min(left.length, right.length);
  let start = 0;
  while (start < most && left[start] === right[start]) {
    start++;
  }
  let end = 0;
  while (
    end < most - start &&
    left[left.length - 1 - end] === right[right.length - 1 - end]
  ) {
    end++;
  }
  return [start, end];
}

/** A text in pieces; `starts` has the text's length at its end. */
function piecesOf(text: string): { words: string[]; starts: number[] } {
  const words: string[] = text.match(PIECES) ?? [];
  const starts = [0];
  for (const word of words) {
    starts.push(starts[starts.length - 1] + word.length);
  }
  return { words, starts };
}

/**
 * Where the kept spans begin in the edited text.
 *
 * Those within common words are there; the others are looked for between them,
 * and all of them, if what the words say leaves no place for these.
 */
function placesOf(
  before: string,
  after: string,
  kept: readonly Span[]
): number[] | null {
  if (kept.length === 0) {
    return [];
  }
  const sure = placesByWords(before, after, kept);
  const places: number[] = [];
  for (let index = 0; index < kept.length; index++) {
    const place = sure[index];
    if (place !== null) {
      places.push(place);
      continue;
    }
    let next = index + 1;
    while (next < kept.length && sure[next] === null) {
      next++;
    }
    const last = index - 1;
    const from = index === 0 ? 0 : kept[last][1];
    const at = index === 0 ? 0 : places[last] + kept[last][1] - kept[last][0];
    const found = placesByUnits(
      before.slice(from, kept[next]?.[0]),
      after.slice(at, sure[next] ?? undefined),
      kept
        .slice(index, next)
        .map(([start, end]) => [start - from, end - from] as const)
    );
    if (found === null) {
      return placesByUnits(before, after, kept);
    }
    places.push(...found.map(place => place + at));
    index = next - 1;
  }
  return places;
}

/** Where kept spans stand that lie within common words; null for the others. */
function placesByWords(
  before: string,
  after: string,
  kept: readonly Span[]
): (number | null)[] {
  const common = commonWords(before, after);
  let next = 0;
  return kept.map(([start, end]) => {
    while (
      next < common.length &&
      common[next].from + common[next].length < end
    ) {
      next++;
    }
    const part = common[next];
    return part !== undefined && part.from <= start
      ? start - part.from + part.at
      : null;
  });
}

/** The same for all of them, unit by unit; null where there is no place, or too much to do. */
function placesByUnits(
  before: string,
  after: string,
  kept: readonly Span[]
): number[] | null {
  // What both texts begin and end with is left out, up to a span that it would cut.
  let [start, end] = sharedEnds(before, after);
  for (const [from, to] of kept) {
    start = from < start && start < to ? from : start;
  }
  const tail = before.length - end;
  const cut = kept.find(([from, to]) => from < tail && tail < to);
  end = cut === undefined ? end : before.length - cut[1];
  const inner = search(
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
    kept
      .filter(([from, to]) => from >= start && to <= before.length - end)
      .map(([from, to]) => [from - start, to - start] as const)
  );
  if (inner === null) {
    return start + end === 0 ? null : search(before, after, kept);
  }
  let next = 0;
  return kept.map(([from, to]) =>
    to <= start
      ? from
      : from >= before.length - end
        ? from + after.length - before.length
        : inner[next++] + start
  );
}

/** The last step on the way to a pair of places. */
const SAME = 0;
const REMOVED = 1;
const ADDED = 2;

/** The places that leave the fewest units to remove and to add. */
function search(
  before: string,
  after: string,
  kept: readonly Span[]
): number[] | null {
  if (kept.length === 0) {
    return [];
  }
  // An item is a unit, or a kept span: where it begins, and its length.
  const items: Span[] = [];
  let next = 0;
  for (let at = 0; at < before.length;) {
    const isKept = next < kept.length && kept[next][0] === at;
    const length = isKept ? kept[next][1] - at : 1;
    next += isKept ? 1 : 0;
    items.push([at, isKept ? length : 0]);
    at += length;
  }
  const width = after.length + 1;
  if ((items.length + 1) * width > MAX_PAIRS) {
    return null;
  }
  const steps = new Uint8Array((items.length + 1) * width);
  steps.fill(ADDED, 1, width);
  let costs = Int32Array.from({ length: width }, (_, at) => at);
  const none = before.length + after.length + 1;
  items.forEach(([start, length], index) => {
    const row = (index + 1) * width;
    const below = new Int32Array(width).fill(none);
    const unit = before[start];
    const span = before.slice(start, start + length);
    for (let at = 0; at < width; at++) {
      let [cost, step] = [none, REMOVED];
      if (length > 0) {
        const from = at - length;
        if (from >= 0 && costs[from] < none && after.startsWith(span, from)) {
          [cost, step] = [costs[from], SAME];
        }
      } else {
        cost = Math.min(costs[at] + 1, none);
        if (at > 0 && after[at - 1] === unit && costs[at - 1] <= cost) {
          [cost, step] = [costs[at - 1], SAME];
        }
      }
      if (at > 0 && below[at - 1] + 1 < cost) {
        [cost, step] = [below[at - 1] + 1, ADDED];
      }
      below[at] = cost;
      steps[row + at] = step;
    }
    costs = below;
  });
  if (costs[after.length] >= none) {
    return null;
  }
  const places: number[] = [];
  let at = after.length;
  for (let index = items.length; index > 0;) {
    const step = steps[index * width + at];
    const length = items[index - 1][1];
    if (step === ADDED) {
      at--;
      continue;
    }
    at -= step === REMOVED ? 0 : Math.max(length, 1);
    if (length > 0) {
      places.push(at);
    }
    index--;
  }
  return places.reverse();
}
