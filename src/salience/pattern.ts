/**
 * Where segments begin by the user's regular expression.
 *
 * Runs in a worker: an expression may never end.
 */

/** The longest expression. */
export const MAX_PATTERN = 500;

/**
 * Where segments begin: after each match. `\n\n` therefore splits at blank lines,
 * and `(?=Suggestion:)`, which matches an empty string, before a word.
 *
 * @returns ascending offsets in UTF-16 units.
 * @throws SyntaxError if the pattern isn't a regular expression.
 */
export function patternStarts(text: string, pattern: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(compile(pattern))) {
    const end = match.index + match[0].length;
    // Chromium finds matches of nothing within a character, and so do older expressions.
    const isWithin = text.codePointAt(end - 1)! > 0xffff;
    if (end > starts.at(-1)! && end < text.length && !isWithin) {
      starts.push(end);
    }
  }
  return starts;
}

/**
 * A pattern as a regular expression, with Unicode characters and multiple lines.
 *
 * @throws SyntaxError
 */
export function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'gmu');
  } catch (reason) {
    try {
      // For example `\-`, which is an error only with the flag `u`.
      return new RegExp(pattern, 'gm');
    } catch {
      throw reason;
    }
  }
}
