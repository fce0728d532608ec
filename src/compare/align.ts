/** Which parts of two texts correspond. */
import { commonParts } from '../session/myers';
import { wordsOf } from './words';

/** How a part of one text relates to the other. */
export type PairKind = 'same' | 'changed' | 'removed' | 'added';

/** Two parts that correspond, or one without a counterpart. */
export interface IPair {
  /** Index of the left text's part; null if it has none. */
  readonly left: number | null;
  readonly right: number | null;
  readonly kind: PairKind;
}

/** The least similarity of two parts that count as one part that changed. */
const ALIKE = 0.45;

/**
 * The same between parts that are equal: there the place says more than the words.
 * Still, the parts must have a word in common.
 */
const ALIKE_ALONE = 0.15;

/** The most comparisons of parts in one gap; longer gaps are split. */
const MAX_COMPARISONS = 10_000;

/**
 * Align the parts of two texts, in order: no pair crosses another.
 *
 * Parts with the same words in the same order are aligned first, as a longest
 * common subsequence; blanks around them don't count. The parts between two of
 * them are paired by similarity, so that the sum of similarities is greatest.
 * A part without a counterpart was removed from the left, or added on the right.
 *
 * @param exactly - whether to leave out the second step: words and tokens are
 *   equal or they aren't.
 */
export function alignParts(
  left: readonly string[],
  right: readonly string[],
  exactly = false
): IPair[] {
  const a = left.map(bare);
  const b = right.map(bare);
  const pairs: IPair[] = [];
  const fillGap = (until: number, before: number) => {
    const gap = [a.slice(i, until), b.slice(j, before)] as const;
    const found = exactly ? [] : likest(...gap);
    pairGap([i, until], [j, before], found, pairs);
  };
  let [i, j] = [0, 0];
  for (const match of commonParts(a, b)) {
    fillGap(match.left, match.right);
    for (let k = 0; k < match.length; k++) {
      pairs.push({
        left: match.left + k,
        right: match.right + k,
        kind: 'same'
      });
    }
    i = match.left + match.length;
    j = match.right + match.length;
  }
  fillGap(a.length, b.length);
  return pairs;
}

/** A part without blanks around it, and with single ones in it. */
function bare(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

/** Pair similar parts in a gap; the others were removed or added. */
function pairGap(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
  found: readonly (readonly [number, number])[],
  pairs: IPair[]
): void {
  let [i, j] = [from, start];
  for (const [x, y] of found) {
    for (; i < from + x; i++) {
      pairs.push({ left: i, right: null, kind: 'removed' });
    }
    for (; j < start + y; j++) {
      pairs.push({ left: null, right: j, kind: 'added' });
    }
    pairs.push({ left: i++, right: j++, kind: 'changed' });
  }
  for (; i < to; i++) {
    pairs.push({ left: i, right: null, kind: 'removed' });
  }
  for (; j < end; j++) {
    pairs.push({ left: null, right: j, kind: 'added' });
  }
}

/**
 * Pairs of similar parts, in order, with the greatest sum of similarities.
 *
 * A long gap is split first, in the same proportion on both sides: a text that was
 * rewritten from beginning to end has few counterparts anyway.
 */
function likest(
  a: readonly string[],
  b: readonly string[]
): [number, number][] {
  const pieces = Math.ceil(Math.sqrt((a.length * b.length) / MAX_COMPARISONS));
  const least = a.length === 1 && b.length === 1 ? ALIKE_ALONE : ALIKE;
  const [ours, theirs] = [a.map(countWords), b.map(countWords)];
  const found: [number, number][] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const cut = (length: number, at: number) =>
      Math.floor((length * at) / pieces);
    const [i, j] = [cut(a.length, piece), cut(b.length, piece)];
    const pairs = likestOf(
      ours.slice(i, cut(a.length, piece + 1)),
      theirs.slice(j, cut(b.length, piece + 1)),
      least
    );
    for (const [x, y] of pairs) {
      found.push([i + x, j + y]);
    }
  }
  return found;
}

/** The same for a gap that is short enough to compare all with all. */
function likestOf(
  ours: readonly ICounted[],
  theirs: readonly ICounted[],
  least: number
): [number, number][] {
  const [n, m] = [ours.length, theirs.length];
  // sums[i][j]: the greatest sum for the parts before part i and part j.
  const sums = Array.from({ length: n + 1 }, () => new Float64Array(m + 1));
  const taken = Array.from({ length: n + 1 }, () => new Uint8Array(m + 1));
  for (let i = 1; i <= n; i++) {
    for (let j = 1; j <= m; j++) {
      sums[i][j] = Math.max(sums[i - 1][j], sums[i][j - 1]);
      const alike = likenessOf(ours[i - 1], theirs[j - 1]);
      if (alike >= least && sums[i - 1][j - 1] + alike > sums[i][j]) {
        sums[i][j] = sums[i - 1][j - 1] + alike;
        taken[i][j] = 1;
      }
    }
  }
  const found: [number, number][] = [];
  for (let i = n, j = m; i > 0 && j > 0;) {
    if (taken[i][j]) {
      found.push([--i, --j]);
    } else if (sums[i - 1][j] >= sums[i][j - 1]) {
      i--;
    } else {
      j--;
    }
  }
  return found.reverse();
}

interface ICounted {
  readonly words: ReadonlyMap<string, number>;
  readonly total: number;
}

function countWords(text: string): ICounted {
  const words = new Map<string, number>();
  let total = 0;
  for (const { text: word } of wordsOf(text.toLowerCase())) {
    // Full stops are everywhere, and say nothing about similarity.
    if (/[\p{L}\p{N}]/u.test(word)) {
      words.set(word, (words.get(word) ?? 0) + 1);
      total++;
    }
  }
  return { words, total };
}

/** Dice's coefficient of the words that two parts have in common. */
function likenessOf(one: ICounted, other: ICounted): number {
  if (one.total + other.total === 0) {
    return 0;
  }
  // By the part with fewer words: a long part may be compared with many short ones.
  const [few, many] =
    one.words.size <= other.words.size ? [one, other] : [other, one];
  let common = 0;
  for (const [word, count] of few.words) {
    common += Math.min(count, many.words.get(word) ?? 0);
  }
  return (2 * common) / (one.total + other.total);
}

/** How much two texts have in common, by words: 0 to 1. */
export function likeness(one: string, other: string): number {
  return likenessOf(countWords(one), countWords(other));
}
