/** A text's length as the server counts it: in characters, some of which are two UTF-16 units. */

/** The default of `c.LitLab.max_prompt_chars`. */
export const USUAL_LIMIT = 100_000;

/** The number of characters of a text. */
export function charactersOf(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    if (isPair(text, at)) {
      count--;
      at++;
    }
  }
  return count;
}

/** Whether a text has more than `limit` characters; a short one needs no counting. */
export function isLonger(text: string, limit: number): boolean {
  return (
    text.length > limit &&
    (text.length > 2 * limit || charactersOf(text) > limit)
  );
}

/** The first `count` characters of a text; none is cut in half. */
export function firstCharacters(text: string, count: number): string {
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) {
    at += isPair(text, at + 1) ? 2 : 1;
  }
  return text.slice(0, at);
}

/** Whether the unit at `at` is the second half of the character before it. */
function isPair(text: string, at: number): boolean {
  return (
    (text.charCodeAt(at) & 0xfc00) === 0xdc00 &&
    (text.charCodeAt(at - 1) & 0xfc00) === 0xd800
  );
}
