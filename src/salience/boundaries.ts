/**
 * Where words, lines and paragraphs begin in a text. All functions return
 * ascending offsets in UTF-16 units.
 */

/** A line break of any system, and Unicode's own. */
const LINE_BREAK = /\r\n|[\n\r\v\f\x85\u2028\u2029]/g;

/** Scripts that write no blanks between words. */
export const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/** Where lines begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(LINE_BREAK)) {
    starts.push(match.index! + match[0].length);
  }
  return starts;
}

/** Where paragraphs begin: behind one or more lines of nothing but blanks. */
export function paragraphStarts(text: string): number[] {
  const lines = lineStarts(text);
  const starts = [0];
  let blank = false;
  lines.forEach((start, i) => {
    const empty = /^\s*$/.test(text.slice(start, lines[i + 1] ?? text.length));
    if (blank && !empty) {
      starts.push(start);
    }
    blank = empty;
  });
  return starts;
}

/**
 * Where words begin. A word is what stands between blanks, with its
 * punctuation: that is how tokenizers of this family cut, and how a reader
 * sees it. Where a script writes no blanks, the language's dictionary cuts.
 */
export function wordStarts(text: string): number[] {
  const starts: number[] = [];
  for (const match of text.matchAll(/\S+/g)) {
    starts.push(match.index!);
    if (UNSPACED.test(match[0])) {
      let word = false; // whether a word came already in this chunk
      for (const part of dictionary().segment(match[0])) {
        // Opening brackets before the first word stay with it.
        if (part.isWordLike && word) {
          starts.push(match.index! + part.index);
        }
        word = word || part.isWordLike === true;
      }
    }
  }
  return starts;
}

let segmenter: Intl.Segmenter | null = null;

/** The browser's dictionary, made on first use: it is large. */
function dictionary(): Intl.Segmenter {
  segmenter = segmenter ?? new Intl.Segmenter('zh', { granularity: 'word' });
  return segmenter;
}
