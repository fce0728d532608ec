/**
 * What IPython takes out of a cell before Python reads it, inside of strings,
 * too: as `IPython.core.inputtransformer2` of version 9 does it. Earlier
 * versions take less.
 */
import type { Span } from '../../session/source';

/** Stretches of a cell's source that don't reach Python. */
export interface ITaken {
  /** Blanks of lines that hold nothing else. */
  readonly blanks: readonly Span[];
  /** Blanks that all lines of the cell begin with. */
  readonly margins: readonly Span[];
  /** `>>> `, `... ` and `In [1]: `. */
  readonly prompts: readonly Span[];
}

interface ILine {
  readonly start: number;
  readonly text: string;
}

const NOTHING: ITaken = { blanks: [], margins: [], prompts: [] };

const FIRST = /^\s*>>>[ \t]?/;
const FURTHER = /^\s*\.\.\.[ \t]?/;
const NUMBERED = /^(?:(?:(?:\[nav\]|\[ins\])? )?In \[\d+\]: |\s*\.{3,}: ?)/;

/** What IPython takes out of a cell. */
export function takenByIPython(source: string): ITaken {
  if (!/[ \t](\n|$)|^[ \t]|>>>|\.\.\.|In \[/.test(source)) {
    return NOTHING;
  }
  let start = 0;
  const lines = source.split('\n').map(text => {
    const line = { start, text };
    start += text.length + 1;
    return line;
  });
  const first = Math.max(
    lines.findIndex(({ text }) => text.trim() !== ''),
    0
  );
  const used = lines.slice(first);
  const blanks = used.filter(({ text }) => /^[ \t]+$/.test(text)).map(spanOf);
  const margin = marginOf(used);
  const dedented = used.map(({ start: from, text }) =>
    text.startsWith(margin)
      ? { start: from + margin.length, text: text.slice(margin.length) }
      : { start: from, text }
  );
  const margins: Span[] =
    margin === ''
      ? []
      : used
          .filter(({ text }) => text.startsWith(margin))
          .map(({ start: from }) => [from, from + margin.length]);
  return { blanks, margins, prompts: promptsOf(dedented) };
}

/**
 * Whether something that IPython takes out lies in stretches of a source.
 *
 * @param taken - of one kind, so sorted and not overlapping.
 */
export function meets(own: readonly Span[], taken: readonly Span[]): boolean {
  return own.some(([from, to]) => {
    let low = 0;
    let high = taken.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (taken[middle][1] > from) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low < taken.length && taken[low][0] < to;
  });
}

/** The blanks that all lines begin with, those of blanks alone left out. */
function marginOf(lines: readonly ILine[]): string {
  let margin: string | null = null;
  for (const { text } of lines) {
    const indent = /^[ \t]*/.exec(text)![0];
    if (indent.length < text.length) {
      let end = 0;
      const before: string = margin ?? indent;
      while (end < before.length && before[end] === indent[end]) {
        end++;
      }
      margin = before.slice(0, end);
    }
  }
  return margin ?? '';
}

function promptsOf(lines: readonly ILine[]): Span[] {
  const inside = insideOfText(lines);
  const outside = lines.filter((_, index) => !inside[index]);
  if (outside.some(({ text }) => FIRST.test(text))) {
    return outside.flatMap(
      line => cut(line, FIRST) ?? cut(line, FURTHER) ?? []
    );
  }
  const isNumbered = lines.slice(0, 2).some(({ text }) => NUMBERED.test(text));
  return isNumbered ? lines.flatMap(line => cut(line, NUMBERED) ?? []) : [];
}

function cut({ start, text }: ILine, prompt: RegExp): Span[] | null {
  const match = prompt.exec(text);
  return match && [[start, start + match[0].length]];
}

/**
 * The lines inside of a text in triple quotes which IPython leaves alone: one that
 * begins its line, but for its prefix.
 */
function insideOfText(lines: readonly ILine[]): boolean[] {
  let quote: string | null = null;
  let isLeft = false;
  let hasPrompt = false;
  return lines.map(({ text }) => {
    let inside = quote !== null && isLeft;
    for (const { 0: mark, index } of text.matchAll(/(?<!\\)("""|''')/g)) {
      if (quote === null) {
        quote = mark;
        const before = text.slice(0, index);
        const stripped = before.replace(FIRST, '').replace(FURTHER, '');
        const isPrompted = stripped !== before && hasPrompt;
        isLeft = !isPrompted && /^[rubf]*$/i.test(stripped.trim());
        inside = isLeft;
      } else if (quote === mark) {
        quote = null;
        isLeft = false;
      }
    }
    hasPrompt ||= /^\s*>>>/.test(text);
    return inside;
  });
}

function spanOf({ start, text }: ILine): Span {
  return [start, start + text.length];
}
