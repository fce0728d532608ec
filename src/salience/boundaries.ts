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

/** Where paragraphs begin: after one or more blank lines. */
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
 * Where words begin. A word is the text between blanks, with its
 * punctuation, as these tokenizers and readers see it. In scripts without
 * blanks, the language's dictionary finds words.
 */
export function wordStarts(text: string): number[] {
  const starts: number[] = [];
  for (const match of text.matchAll(/\S+/g)) {
    starts.push(match.index!);
    if (UNSPACED.test(match[0])) {
      for (const start of innerStarts(match[0])) {
        starts.push(match.index! + start);
      }
    }
  }
  return starts;
}

/**
 * Where the second and later words of a chunk without blanks begin.
 *
 * The dictionary is slow with long texts, so it gets a piece at a time; each starts
 * where the last word of the one before began.
 */
function innerStarts(chunk: string): number[] {
  const starts: number[] = [];
  let word = false; // whether this chunk already had a word
  for (let at = 0; at < chunk.length;) {
    const piece = chunk.slice(at, at + PIECE);
    const isLast = at + PIECE >= chunk.length;
    const parts = [...dictionary().segment(piece)];
    // The last word may continue after the piece.
    const whole = isLast || parts.length < 2 ? parts : parts.slice(0, -1);
    for (const part of whole) {
      // Opening brackets before the first word stay with it.
      if (part.isWordLike && word) {
        starts.push(at + part.index);
      }
      word = word || part.isWordLike === true;
    }
    at +=
      whole.length < parts.length
        ? parts[parts.length - 1].index
        : piece.length;
  }
  return starts;
}

/** Units of a piece for the dictionary. */
const PIECE = 1_000;

let segmenter: Intl.Segmenter | null = null;

/** The browser's dictionary, created on first use: it is large. */
function dictionary(): Intl.Segmenter {
  segmenter = segmenter ?? new Intl.Segmenter('zh', { granularity: 'word' });
  return segmenter;
}
