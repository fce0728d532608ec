/** The difference of two texts, word by word. */
import { wordStarts } from '../salience/boundaries';
import { commonParts } from '../session/myers';

/** Half-open span `[start, end)` in UTF-16 units. */
export type TextSpan = readonly [start: number, end: number];

/** A word, or a sign next to one. */
export interface IWord {
  readonly text: string;
  readonly start: number;
}

/** The words between two blanks, and each sign separately. */
const PIECES = /[\p{L}\p{M}\p{N}_]+(?:['’-][\p{L}\p{M}\p{N}_]+)*|\S/gu;

/** Words and signs of a text, in order; blanks are none. */
export function wordsOf(text: string): IWord[] {
  const starts = wordStarts(text);
  return starts.flatMap((start, i) => {
    const chunk = text.slice(start, starts[i + 1] ?? text.length);
    return [...chunk.matchAll(PIECES)].map(match => ({
      text: match[0],
      start: start + match.index
    }));
  });
}

/** What only one of two texts has: spans of neighbouring words. */
export interface IWordDifference {
  readonly left: readonly TextSpan[];
  readonly right: readonly TextSpan[];
}

/** The words of two texts that the other doesn't have in that order. */
export function differentWords(left: string, right: string): IWordDifference {
  const [a, b] = [wordsOf(left), wordsOf(right)];
  const inLeft: TextSpan[] = [];
  const inRight: TextSpan[] = [];
  let [i, j] = [0, 0];
  const matches = commonParts(
    a.map(word => word.text),
    b.map(word => word.text)
  );
  for (const match of matches) {
    cover(a, i, match.left, inLeft);
    cover(b, j, match.right, inRight);
    i = match.left + match.length;
    j = match.right + match.length;
  }
  cover(a, i, a.length, inLeft);
  cover(b, j, b.length, inRight);
  return { left: inLeft, right: inRight };
}

/** Add the span that words `[from, to)` cover, blanks between them too. */
function cover(
  words: readonly IWord[],
  from: number,
  to: number,
  spans: TextSpan[]
): void {
  if (from < to) {
    const last = words[to - 1];
    spans.push([words[from].start, last.start + last.text.length]);
  }
}
