/**
 * Where sentences begin.
 *
 * Own rules instead of `Intl.Segmenter`'s, whose result differs
 * between browsers, and which splits after `Dr.`, `vs.` and the number of a
 * list's item. The cases are in tests/fixtures/text/segments.json.
 */
import {
  isAbbreviation,
  isInitial,
  opensSentence,
  takesNumber
} from './abbreviations';
import { lineStarts } from './boundaries';
import { isCode } from './code';
import { continuedLines } from './wrapped';
import type { LineJoining } from './wrapped';

/** Full stops that need no blank after them. */
const WIDE_STOPS = '。！？｡．';

/** One or more full stops, then the end of a quotation, bracket or emphasis. */
const STOP =
  /([.!?…‽؟۔।॥։።]+|[。！？｡．]+[。！？｡．.!?…]*)(["'”’»›)\]}」』）】》〉*_~]*)/g;

/** The number or letter of an item at the start of a line. */
const ITEM =
  /^\s*(?:[-*+•–]\s+)?(?:\(?\d{1,3}(?:\.\d{1,3})*|\(?[A-Za-z]|\(?[ivxlc]{1,5})[.)](?=\s)/;

/** The most units of an abbreviation. */
const MAX_WORD = 200;

const WORD_UNIT = /[\p{L}\p{N}\p{M}.'’-]/u;
const WORD_START = /[\p{L}\p{N}]/u;
const WORD_END = /[\p{L}\p{N}\p{M}]/u;

/**
 * Where sentences begin.
 *
 * @param joining - whether sentences run across lines that were wrapped by hand.
 * @returns ascending offsets in UTF-16 units. Every other line break ends a
 *   sentence; within a fence of markdown (three backticks) nothing else does.
 */
export function sentenceStarts(
  text: string,
  joining: LineJoining = 'off'
): number[] {
  const starts: number[] = [];
  const begins = lineStarts(text);
  const lines = begins.map((start, i) => text.slice(start, begins[i + 1]));
  const isContinued = continuedLines(lines, joining);
  let fenced = false;
  let start = 0;
  lines.forEach((last, i) => {
    if (isContinued[i]) {
      return;
    }
    const end = begins[i + 1] ?? text.length;
    const line = start === begins[i] ? last : text.slice(start, end);
    const fence = /^\s*(```|~~~)/.test(line);
    starts.push(start);
    if (!fence && !fenced && !isCode(line)) {
      for (const offset of sentencesOfLine(line)) {
        starts.push(start + offset);
      }
    }
    fenced = fence ? !fenced : fenced;
    start = end;
  });
  return starts;
}

/** Where the second and later sentences of a line begin. */
function sentencesOfLine(line: string): number[] {
  const starts: number[] = [];
  const item = ITEM.exec(line);
  let from = item ? item[0].length : 0;
  // In `1. One 2. Two` the number after the last one begins a sentence.
  let counted = item ? Number.parseInt(item[0].replace(/\D+/g, ' '), 10) : NaN;
  const code = codeSpans(line);
  let span = 0; // in code: the first span that doesn't end before the stop
  STOP.lastIndex = from;
  for (let stop = STOP.exec(line); stop; stop = STOP.exec(line)) {
    const end = stop.index + stop[0].length;
    while (span < code.length && code[span][1] <= stop.index) {
      span++;
    }
    if (span < code.length && code[span][0] <= stop.index) {
      continue;
    }
    // Of the text before it, only a number's own length is checked.
    const number = /(?:^|\s)(\d{1,3})$/.exec(
      line.slice(Math.max(from, stop.index - 4), stop.index)
    );
    if (stop[0] === '.' && number && Number(number[1]) === counted + 1) {
      counted += 1;
      const begin = stop.index - number[1].length;
      if (line.slice(from, begin).trim() !== '') {
        starts.push(begin);
      }
      from = end;
      continue;
    }
    if (endsSentence(line, stop, from)) {
      starts.push(end);
      from = end;
      const next = /^\s*(\d{1,3})\.\s/.exec(line.slice(end));
      if (next) {
        counted = Number(next[1]);
        from = STOP.lastIndex = end + next[0].length;
      }
    }
  }
  return starts;
}

/** Whether a full stop ends its sentence, which began at `from`. */
function endsSentence(
  line: string,
  stop: RegExpExecArray,
  from: number
): boolean {
  const [all, marks, closers] = stop;
  const end = stop.index + all.length;
  const rest = line.slice(end);
  const after = rest.trimStart();
  if (after === '') {
    return false; // the line's end ends it
  }
  if (WIDE_STOPS.includes(marks[0])) {
    // A quotation continues before hiragana: 「はい。」と言った。
    return !(closers !== '' && /^\p{Script=Hiragana}/u.test(after));
  }
  if (!/^\s/.test(rest)) {
    return false; // 3.5, a.b, example.org/?q, Node.js
  }
  const goesOn = /^[\p{Ll}]/u.test(after);
  if (marks !== '.') {
    // An ellipsis or a quotation mark before a small letter is in mid-sentence.
    return !(goesOn && (closers !== '' || /^(?:…|\.\.)/.test(marks)));
  }
  if (goesOn && /["”’»]/.test(closers)) {
    return false;
  }
  if (closers !== '') {
    return true;
  }
  const word = lastWord(line, from, stop.index);
  if (takesNumber(word)) {
    return !/^(?:[\d(§]|[IVXLC]{2,}\b|[VXLC]\b)/.test(after);
  }
  if (isInitial(word) || isAbbreviation(word, 'ending')) {
    return opensSentence(after);
  }
  return !isAbbreviation(word, 'inner');
}

/**
 * The last word before a full stop, with inner full stops, as in `U.S`; empty if
 * there is none, or if it is too long for an abbreviation.
 */
function lastWord(line: string, from: number, stop: number): string {
  const points = [...line.slice(Math.max(from, stop - MAX_WORD), stop)];
  const end = points.length;
  let start = end;
  while (start > 0 && WORD_UNIT.test(points[start - 1])) {
    start--;
  }
  const isCut = start === 0 && stop - MAX_WORD > from;
  while (start < end && !WORD_START.test(points[start])) {
    start++;
  }
  return start === end || isCut || !WORD_END.test(points[end - 1])
    ? ''
    : points.slice(start).join('');
}

/** Spans between backticks. */
function codeSpans(line: string): [number, number][] {
  return [...line.matchAll(/`[^`]+`/g)].map(m => [
    m.index!,
    m.index! + m[0].length
  ]);
}
