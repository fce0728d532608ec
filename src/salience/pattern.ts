/**
 * Where segments begin by an expression of the user's own.
 *
 * Runs in a worker: an expression may go on for ever.
 */

/** Longest expression that is taken. */
export const MAX_PATTERN = 500;

/**
 * Where segments begin: behind each match. So `\n\n` parts at blank lines, and
 * `(?=Suggestion:)`, which matches without taking anything, before a word.
 *
 * @returns ascending offsets in UTF-16 units.
 * @throws SyntaxError where the pattern is no regular expression.
 */
export function patternStarts(text: string, pattern: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(compile(pattern))) {
    const end = match.index + match[0].length;
    if (end > starts[starts.length - 1] && end < text.length) {
      starts.push(end);
    }
  }
  return starts;
}

/**
 * A pattern as a regular expression: of characters, and lines by themselves.
 *
 * @throws SyntaxError
 */
export function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'gmu');
  } catch (reason) {
    try {
      // Such as `\-`, which is an error only where characters are whole.
      return new RegExp(pattern, 'gm');
    } catch {
      throw reason;
    }
  }
}
