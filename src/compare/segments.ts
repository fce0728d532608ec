/** The segments of two texts, aligned; and their words that differ. */
import type { Token } from '../api';
import { segment } from '../salience';
import type { Granularity, TokenSpan } from '../salience';
import { textOf } from '../session/runText';
import type { IText } from '../session/runText';
import { alignParts } from './align';
import type { IPair } from './align';
import { differentWords } from './words';
import type { TextSpan } from './words';

/** A side of a comparison. */
export type Side = 'left' | 'right';

/** Prompt or answer, which are aligned separately. */
export type Part = 'prompt' | 'answer';

/** The other side. */
export function otherSide(side: Side): Side {
  return side === 'left' ? 'right' : 'left';
}

/** The segments of two texts, aligned. */
export interface IAlignment {
  /** Indices count all segments of a text, prompt and answer. */
  readonly pairs: readonly IPair[];
  /** For each segment of a side, its pair. */
  readonly of: Readonly<Record<Side, readonly IPair[]>>;
}

/** Join the parts' alignments. */
export function joinAlignments(
  parts: readonly (readonly IPair[])[]
): IAlignment {
  const pairs = parts.flat();
  const of: Record<Side, IPair[]> = { left: [], right: [] };
  for (const pair of pairs) {
    if (pair.left !== null) {
      of.left[pair.left] = pair;
    }
    if (pair.right !== null) {
      of.right[pair.right] = pair;
    }
  }
  return { pairs, of };
}

/**
 * Align the segments of one part of two texts.
 *
 * Tokens and words are aligned within sentences that correspond: otherwise a
 * comma would find a counterpart far away.
 *
 * @returns pairs of indices among all segments, the answer's after the
 *   prompt's.
 */
export function alignSegments(
  left: IText,
  right: IText,
  part: Part,
  granularity: Granularity
): IPair[] {
  const isFine = granularity === 'tokens' || granularity === 'words';
  const align = isFine ? alignWithin : alignSpans;
  const shift = (index: number | null, text: IText) =>
    index === null || part === 'prompt' ? index : index + text.prompt.length;
  return align(left, right, part).map(pair => ({
    ...pair,
    left: shift(pair.left, left),
    right: shift(pair.right, right)
  }));
}

/** Align a part's segments by their texts. */
function alignSpans(left: IText, right: IText, part: Part): IPair[] {
  return alignParts(contents(left, part), contents(right, part));
}

function contents(text: IText, part: Part): string[] {
  return text[part].map(span => textOf(text.tokens, span));
}

/** Align a part's segments within corresponding sentences. */
function alignWithin(left: IText, right: IText, part: Part): IPair[] {
  const [ours, theirs] = [left, right].map(text => ({
    sentences: sentencesOf(text, part),
    spans: text[part]
  }));
  const inLeft = indicesWithin(ours.spans, ours.sentences);
  const inRight = indicesWithin(theirs.spans, theirs.sentences);
  const outline = alignParts(
    ours.sentences.map(span => textOf(left.tokens, span)),
    theirs.sentences.map(span => textOf(right.tokens, span))
  );
  return outline.flatMap(pair => {
    const a = pair.left === null ? [] : inLeft[pair.left];
    const b = pair.right === null ? [] : inRight[pair.right];
    return alignParts(
      a.map(index => textOf(left.tokens, ours.spans[index])),
      b.map(index => textOf(right.tokens, theirs.spans[index])),
      true
    ).map(inner => ({
      ...inner,
      left: inner.left === null ? null : a[inner.left],
      right: inner.right === null ? null : b[inner.right]
    }));
  });
}

/** For each sentence, the indices of the segments that begin in it. */
function indicesWithin(
  spans: readonly TokenSpan[],
  sentences: readonly TokenSpan[]
): number[][] {
  const within: number[][] = sentences.map(() => []);
  let at = 0;
  spans.forEach(([start], index) => {
    while (at + 1 < sentences.length && sentences[at + 1][0] <= start) {
      at++;
    }
    within[at]?.push(index);
  });
  return within;
}

function sentencesOf(text: IText, part: Part): TokenSpan[] {
  return segment(text.tokens, text.seam, 'sentences', text).filter(([start]) =>
    part === 'prompt' ? start < text.seam : start >= text.seam
  );
}

/** A sentence that differs. */
export interface ISentenceChange {
  readonly part: Part;
  readonly kind: 'changed' | 'removed' | 'added';
  /** Token spans; null if it has none. */
  readonly left: TokenSpan | null;
  readonly right: TokenSpan | null;
}

/** How one part of two texts differs, for any granularity. */
export interface ITextDifference {
  /** In order. */
  readonly changes: readonly ISentenceChange[];
  /** How many sentences are the same. */
  readonly same: number;
  /** Words that differ, in UTF-16 units of prompt and answer together. */
  readonly words: Readonly<Record<Side, readonly TextSpan[]>>;
}

/** The difference of one part of two texts, by sentences and their words. */
export function differenceOfTexts(
  left: IText,
  right: IText,
  part: Part
): ITextDifference {
  const changes: ISentenceChange[] = [];
  let same = 0;
  const words: Record<Side, TextSpan[][]> = { left: [], right: [] };
  const [leftAt, rightAt] = [offsetsOf(left.tokens), offsetsOf(right.tokens)];
  const [ours, theirs] = [sentencesOf(left, part), sentencesOf(right, part)];
  const a = ours.map(span => textOf(left.tokens, span));
  const b = theirs.map(span => textOf(right.tokens, span));
  for (const { left: i, right: j, kind } of alignParts(a, b)) {
    if (kind === 'same') {
      same++;
      continue;
    }
    changes.push({
      part,
      kind,
      left: i === null ? null : ours[i],
      right: j === null ? null : theirs[j]
    });
    const only = differentWords(i === null ? '' : a[i], j === null ? '' : b[j]);
    if (i !== null) {
      words.left.push(moved(only.left, leftAt[ours[i][0]]));
    }
    if (j !== null) {
      words.right.push(moved(only.right, rightAt[theirs[j][0]]));
    }
  }
  return {
    changes,
    same,
    words: { left: words.left.flat(), right: words.right.flat() }
  };
}

function moved(spans: readonly TextSpan[], by: number): TextSpan[] {
  return spans.map(([start, end]): TextSpan => [start + by, end + by]);
}

/** The positions at which tokens begin in the text, and the end of the last. */
function offsetsOf(tokens: readonly Token[]): number[] {
  const offsets = [0];
  for (const { text } of tokens) {
    offsets.push(offsets[offsets.length - 1] + text.length);
  }
  return offsets;
}

/**
 * The spans of each segment that words cover.
 *
 * @param words - in order, in UTF-16 units of the whole text.
 * @returns for each segment, spans in units of its own text.
 */
export function wordsWithin(
  text: IText,
  words: readonly TextSpan[]
): readonly (readonly TextSpan[])[] {
  const offsets = offsetsOf(text.tokens);
  let at = 0;
  return text.segments.map(([first, last]) => {
    const [from, to] = [offsets[first], offsets[last]];
    while (at < words.length && words[at][1] <= from) {
      at++;
    }
    const within: TextSpan[] = [];
    for (let i = at; i < words.length && words[i][0] < to; i++) {
      const [start, end] = words[i];
      within.push([Math.max(start, from) - from, Math.min(end, to) - from]);
    }
    return within;
  });
}

/** The segments that a span of tokens overlaps, as indices. */
export function segmentsIn(
  segments: readonly TokenSpan[],
  [start, end]: TokenSpan
): number[] {
  return segments.flatMap(([from, to], index) =>
    from < end && to > start ? [index] : []
  );
}
