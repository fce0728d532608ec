/** Where stretches of a text stand in what a cell shows of it. */
import { commonParts } from '../../session/myers';
import type { Span } from '../../session/source';

/** The most units of a text, and of what is shown, that are looked at. */
const MAX_UNITS = 200_000;

/** The most words and signs of each that are compared. */
const MAX_WORDS = 20_000;

/** With less in common, it is another text. */
const MIN_COMMON = 0.5;

/** A word, or one sign; scripts that write no blanks go character by character. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}])[\p{L}\p{M}\p{N}])+|\S/gu;

/**
 * Find where a text stands in what is shown: for each of its spans where that lies,
 * or null where it isn't known.
 *
 * A text may be shown as it is, up to its blanks; or without its markup, as Markdown is.
 *
 * @param isPart - whether the text is only a part of what is shown. It then must stand there as it is, and once.
 */
export function align(
  text: string,
  shown: string,
  spans: readonly Span[],
  isPart: boolean
): (Span | null)[] {
  if (text.length > MAX_UNITS || shown.length > MAX_UNITS) {
    return spans.map(() => null);
  }
  const places =
    asItIs(text, shown, isPart) ?? (isPart ? null : byWords(text, shown));
  return spans.map(span =>
    places === null ? null : cover(places, shown, span)
  );
}

/** Where each unit of a text is shown; -1: nowhere. */
type Places = Int32Array;

/** The places if the text is shown as it is, once, up to its blanks; else null. */
function asItIs(text: string, shown: string, isPart: boolean): Places | null {
  const [letters, at] = squeezed(text);
  const [shownLetters, shownAt] = squeezed(shown);
  const start = letters === '' ? -1 : shownLetters.indexOf(letters);
  if (
    start === -1 ||
    shownLetters.indexOf(letters, start + 1) !== -1 ||
    (!isPart && letters.length < shownLetters.length * MIN_COMMON)
  ) {
    return null;
  }
  const places = new Int32Array(text.length).fill(-1);
  at.forEach((from, i) => {
    places[from] = shownAt[start + i];
  });
  return places;
}

/** A text without blanks, and where each of its units was. */
function squeezed(text: string): [letters: string, at: number[]] {
  const at: number[] = [];
  let letters = '';
  for (const { 0: run, index } of text.matchAll(/\S+/g)) {
    letters += run;
    for (let i = 0; i < run.length; i++) {
      at.push(index + i);
    }
  }
  return [letters, at];
}

/** The places of the words that both have in the same order; null if that is too little. */
function byWords(text: string, shown: string): Places | null {
  const words = [...text.matchAll(WORD)];
  const shownWords = [...shown.matchAll(WORD)];
  if (words.length > MAX_WORDS || shownWords.length > MAX_WORDS) {
    return null;
  }
  const places = new Int32Array(text.length).fill(-1);
  let common = 0;
  for (const { left, right, length } of commonParts(
    words.map(word => word[0]),
    shownWords.map(word => word[0])
  )) {
    for (let i = 0; i < length; i++) {
      const { 0: word, index } = words[left + i];
      const to = shownWords[right + i].index;
      for (let unit = 0; unit < word.length; unit++) {
        places[index + unit] = to + unit;
      }
      common += word.length;
    }
  }
  const all = shownWords.reduce((sum, word) => sum + word[0].length, 0);
  return common >= all * MIN_COMMON && common > 0 ? places : null;
}

/** What shows a span: from its first unit to its last, if what is between is mostly its own. */
function cover(places: Places, shown: string, [from, to]: Span): Span | null {
  let first = -1;
  let last = -1;
  let own = 0;
  for (let at = from; at < to; at++) {
    const place = places[at];
    if (place !== -1) {
      first = first === -1 ? place : first;
      last = place;
      own++;
    }
  }
  if (first === -1) {
    return null;
  }
  const between = shown.slice(first, last + 1).replace(/\s+/g, '').length;
  return own >= between * MIN_COMMON ? [first, last + 1] : null;
}
