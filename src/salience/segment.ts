/**
 * From tokens to segments, as docs/text-contract.md defines; its cases are in
 * tests/fixtures/text/segments.json.
 */
import { lineStarts, paragraphStarts, wordStarts } from './boundaries';
import { sentenceStarts } from './sentences';
import type { LineJoining } from './wrapped';
import type { ITextToken, TokenSpan } from './token';
import { writtenTurns } from './turns';
import type { ITurn } from './turns';

/** The unit of the segments. */
export type Granularity =
  'tokens' | 'words' | 'sentences' | 'lines' | 'paragraphs' | 'custom';

/** All granularities, finest first. */
export const GRANULARITIES: readonly Granularity[] = [
  'tokens',
  'words',
  'sentences',
  'lines',
  'paragraphs',
  'custom'
];

/** Where segments of granularity `custom` begin; null until that is known. */
export type CustomStarts = (text: string) => readonly number[] | null;

/** How segments of some granularities are cut. */
export interface ICutOptions {
  /** For `custom`; sentences if it is absent or not known yet. */
  readonly custom?: CustomStarts | null;
  /** Whether sentences run across lines that were wrapped by hand; absent: never. */
  readonly joinLines?: LineJoining;
}

const VISIBLE = /\P{White_Space}/u;

/**
 * Split a sequence into segments.
 *
 * @param tokens - the whole sequence: prompt and answer, including template
 *   tokens.
 * @param seam - index of the answer's first token; no segment crosses it.
 * @returns the segments' token spans, in order. The tokens that begin or end a
 *   turn in the prompt are a separate segment. Every token that is not
 *   `template` is in exactly one, unless its part of the sequence holds
 *   only blanks.
 */
export function segment(
  tokens: readonly ITextToken[],
  seam: number,
  granularity: Granularity,
  options: ICutOptions = {}
): TokenSpan[] {
  const spans: TokenSpan[] = [];
  const turns = writtenTurns(tokens, seam);
  let start = 0;
  for (let i = 0; i <= tokens.length; i++) {
    // A template token or the seam ends a run of text.
    if (i === tokens.length || i === seam || tokens[i].kind === 'template') {
      segmentTurns(tokens, start, i, turns, granularity, options, spans);
      start = i < tokens.length && tokens[i].kind === 'template' ? i + 1 : i;
    }
  }
  return spans;
}

/** Segment the tokens `[from, to)`, turn by turn. */
function segmentTurns(
  tokens: readonly ITextToken[],
  from: number,
  to: number,
  turns: readonly ITurn[],
  granularity: Granularity,
  options: ICutOptions,
  spans: TokenSpan[]
): void {
  const isSeen = (start: number, end: number) =>
    tokens.slice(start, end).some(({ text }) => VISIBLE.test(text));
  let at = from;
  for (const { span } of turns) {
    if (span[0] < from || span[1] > to) {
      continue;
    }
    if (isSeen(at, span[0])) {
      segmentRun(tokens, at, span[0], granularity, options, spans);
      at = span[0];
    }
    // Blanks between two segments belong to the second, those at the end to the last.
    spans.push([at, span[1]]);
    at = span[1];
  }
  const last = spans[spans.length - 1];
  if (at > from && at < to && !isSeen(at, to)) {
    spans[spans.length - 1] = [last[0], to];
  } else {
    segmentRun(tokens, at, to, granularity, options, spans);
  }
}

/** Segment the tokens `[from, to)`, which contain no template token. */
function segmentRun(
  tokens: readonly ITextToken[],
  from: number,
  to: number,
  granularity: Granularity,
  options: ICutOptions,
  spans: TokenSpan[]
): void {
  if (from >= to) {
    return;
  }
  const text = tokens.slice(from, to).reduce((all, t) => all + t.text, '');
  const starts =
    granularity === 'tokens'
      ? null
      : granularity === 'custom'
        ? (options.custom?.(text) ?? sentenceStarts(text, options.joinLines))
        : STARTS[granularity](text, options.joinLines);
  let offset = 0; // of the token, in the run's text
  let current = -1; // the segment of the last visible token
  let begin = from; // the first token of the current segment
  let pending = -1; // the first of the empty tokens that wait for their character
  let next = 0; // in starts: the first boundary after `current`
  for (let i = from; i < to; i++) {
    const { text: piece } = tokens[i];
    if (piece === '') {
      // The first bytes of a character belong to the segment of its last byte.
      pending = pending < 0 ? i : pending;
      continue;
    }
    const visible = piece.search(VISIBLE);
    if (visible >= 0) {
      let owner = i;
      if (starts) {
        while (next < starts.length && starts[next] <= offset + visible) {
          next++;
        }
        owner = next;
      }
      if (current >= 0 && owner !== current) {
        const cut = pending < 0 ? i : pending;
        spans.push([begin, cut]);
        begin = cut;
      }
      current = owner;
    }
    pending = -1;
    offset += piece.length;
  }
  if (current >= 0) {
    spans.push([begin, to]);
  }
}

/** Where units begin in a text: ascending offsets in UTF-16 units. */
const STARTS: Record<
  Exclude<Granularity, 'tokens' | 'custom'>,
  (text: string, joining?: LineJoining) => number[]
> = {
  words: wordStarts,
  sentences: sentenceStarts,
  lines: lineStarts,
  paragraphs: paragraphStarts
};
