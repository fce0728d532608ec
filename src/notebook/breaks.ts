/**
 * Line breaks of a source as an editor has them: one unit each, whatever they
 * are in the source. Notebooks that other tools wrote may hold any.
 */

/** A source as an editor shows it. */
export function asShown(source: string): string {
  return source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
}

/** Gives an offset in the editor for one in the source. */
export function toEditor(source: string): (offset: number) => number {
  const breaks = longBreaks(source);
  return offset => offset - numBelow(breaks, offset);
}

/** Gives an offset in the source for one in the editor. */
export function toSource(source: string): (offset: number) => number {
  // Each long break makes the source one unit longer than the editor's text.
  const breaks = longBreaks(source).map((at, index) => at - index);
  return offset => offset + numBelow(breaks, offset);
}

/** Where the breaks of two units begin. */
function longBreaks(source: string): number[] {
  return Array.from(source.matchAll(/\r\n/g), match => match.index);
}

/** How many of ascending numbers are smaller than a limit. */
function numBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] < limit) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
