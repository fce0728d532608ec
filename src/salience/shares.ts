/**
 * From scores to shares, as docs/text-contract.md defines; its cases are in
 * tests/fixtures/text/shares.json.
 */
import type { ITextToken, TokenSpan } from './token';

/** How a segment's score is computed from its tokens' scores. */
export type Aggregation = 'squares' | 'sum' | 'mean' | 'max';

/** All aggregations, the default first; LIT's own is the sum. */
export const AGGREGATIONS: readonly Aggregation[] = [
  'squares',
  'sum',
  'mean',
  'max'
];

/** A segment and how much it influenced the target. */
export interface ISegmentSalience {
  readonly span: TokenSpan;
  readonly score: number;
  /** Share of all text before the target, 0 to 1; null for the target and after it. */
  readonly share: number | null;
  /** By absolute score, from 1; null without a share. */
  readonly rank: number | null;
  /** Standard error of the score, if it was sampled. */
  readonly error?: number;
}

/** How much each segment influenced one target. */
export interface ISalienceMap {
  readonly target: TokenSpan;
  /** In order; a segment that the target cuts is cut there. */
  readonly segments: readonly ISegmentSalience[];
  /** Share of the template tokens, such as `<bos>`; not part of the others. */
  readonly templateShare: number;
  /** The largest share of a segment; 0 if there is none. */
  readonly maxShare: number;
}

/**
 * Score of a segment.
 *
 * @param scores - one for each token of the sequence.
 * @returns for `squares` the sum of squares, never negative; for `max` the
 *   score with the largest absolute value, with its sign.
 */
export function aggregate(
  scores: readonly number[],
  [start, end]: TokenSpan,
  how: Aggregation
): number {
  return combine(scores.slice(start, end), how);
}

/**
 * Cut segments where the target begins and ends, so that none contains both the
 * target and text before it.
 */
export function cutAtTarget(
  segments: readonly TokenSpan[],
  target: TokenSpan
): TokenSpan[] {
  return segments.flatMap(([start, end]) => {
    const inner = target.filter(edge => start < edge && edge < end);
    const edges = [start, ...inner, end];
    return edges.slice(1).map((edge, i): TokenSpan => [edges[i], edge]);
  });
}

/**
 * Make the map of one target.
 *
 * @param tokens - the whole sequence.
 * @param scores - one for each token of the sequence.
 * @param segments - of the whole sequence, in order.
 * @param within - the part of the sequence that shares refer to; null: all of it.
 */
export function mapSalience(
  tokens: readonly Pick<ITextToken, 'kind'>[],
  scores: readonly number[],
  segments: readonly TokenSpan[],
  target: TokenSpan,
  how: Aggregation,
  within: TokenSpan | null = null
): ISalienceMap {
  const spans = cutAtTarget(segments, target);
  const values = spans.map(span => aggregate(scores, span, how));
  const before = spans.filter(([, end]) => end <= target[0]).length;
  const rows = weigh(
    spans.map((span, i) => ({
      span,
      score: values[i],
      ranked: i < before && meets(span, within)
    }))
  );
  const total = values
    .slice(0, before)
    .reduce((sum, value) => sum + Math.abs(value), 0);
  const apart = Math.abs(
    combine(
      scores.filter((_, i) => i < target[0] && tokens[i].kind === 'template'),
      how
    )
  );
  return {
    target,
    segments: rows,
    templateShare: apart + total > 0 ? apart / (apart + total) : 0,
    maxShare: largestShare(rows)
  };
}

/** Whether a part of the sequence contains a token of a segment. */
function meets([start, end]: TokenSpan, within: TokenSpan | null): boolean {
  return within === null || (start < within[1] && within[0] < end);
}

/** A segment's score, by a method that scores segments instead of tokens. */
export interface ISegmentScore {
  readonly score: number;
  readonly error?: number;
}

/**
 * Make the map of one target from scores of whole segments.
 *
 * @param segments - of the whole sequence, in order, cut at the target.
 * @param scores - one for each segment; undefined if there is none, as for
 *   the target and the text after it.
 */
export function mapSegments(
  segments: readonly TokenSpan[],
  scores: readonly (ISegmentScore | undefined)[],
  target: TokenSpan,
  within: TokenSpan | null = null
): ISalienceMap {
  const rows = weigh(
    segments.map((span, i) => ({
      span,
      score: 0,
      ...scores[i],
      ranked: scores[i] !== undefined && meets(span, within)
    }))
  );
  // Template tokens are never removed, so their influence is unknown.
  return {
    target,
    segments: rows,
    templateShare: 0,
    maxShare: largestShare(rows)
  };
}

/** Give segments their shares and ranks. */
function weigh(
  rows: readonly (Omit<ISegmentSalience, 'share' | 'rank'> & {
    readonly ranked: boolean;
  })[]
): ISegmentSalience[] {
  const scores = rows.filter(row => row.ranked).map(row => row.score);
  const total = scores.reduce((sum, score) => sum + Math.abs(score), 0);
  const ranks = rank(scores);
  let next = 0;
  return rows.map(({ ranked, ...row }): ISegmentSalience => {
    if (!ranked) {
      return { ...row, share: null, rank: null };
    }
    const share = total > 0 ? Math.abs(row.score) / total : 0;
    return { ...row, share, rank: ranks[next++] };
  });
}

function largestShare(rows: readonly ISegmentSalience[]): number {
  return rows.reduce((max, row) => Math.max(max, row.share ?? 0), 0);
}

/** Ranks by absolute score, from 1; ties by position. */
export function rank(scores: readonly number[]): number[] {
  const order = scores
    .map((_, i) => i)
    .sort((a, b) => Math.abs(scores[b]) - Math.abs(scores[a]) || a - b);
  const ranks = new Array<number>(scores.length);
  order.forEach((index, place) => {
    ranks[index] = place + 1;
  });
  return ranks;
}

function combine(scores: readonly number[], how: Aggregation): number {
  if (scores.length === 0) {
    return 0;
  }
  if (how === 'squares') {
    return scores.reduce((total, score) => total + score * score, 0);
  }
  if (how === 'max') {
    return scores.reduce((max, s) => (Math.abs(s) > Math.abs(max) ? s : max));
  }
  const sum = scores.reduce((total, score) => total + score, 0);
  return how === 'sum' ? sum : sum / scores.length;
}
