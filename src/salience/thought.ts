/** What a model thinks before it answers: text up to `</think>`. */
import { addedTurn, templateEnds } from './turns';
import type { ISpelledToken } from './turns';

const OPEN = '<think>';
const CLOSE = '</think>';

/**
 * Where an answer's thoughts end: after `</think>`, or at the answer's end while
 * the model still thinks; null if it doesn't think. The answer, or the template
 * before it, begins the thoughts.
 *
 * @param tokens - the whole sequence.
 * @param seam - index of the answer's first token.
 * @returns index of the first token after the thoughts.
 */
export function thoughtEnd(
  tokens: readonly ISpelledToken[],
  seam: number
): number | null {
  const [, behind] = templateEnds(tokens, seam);
  const added = addedTurn(tokens, behind)?.spelled ?? '';
  const isOpened = added.lastIndexOf(OPEN) > added.lastIndexOf(CLOSE);
  if (seam === tokens.length || !(isOpened || begins(tokens, seam))) {
    return null;
  }
  /** The end of the text so far: the word may be spelled by several tokens. */
  let tail = '';
  let end = seam;
  let isClosed = false;
  while (end < tokens.length && !isClosed) {
    tail = tail.slice(1 - CLOSE.length) + tokens[end].text;
    isClosed = tail.includes(CLOSE);
    end++;
  }
  while (isClosed && end < tokens.length && tokens[end].text.trim() === '') {
    end++;
  }
  return end;
}

/** Whether an answer begins with `<think>`. */
function begins(tokens: readonly ISpelledToken[], seam: number): boolean {
  let text = '';
  for (let i = seam; i < tokens.length && text.length < OPEN.length; i++) {
    text = (text + tokens[i].text).trimStart();
  }
  return text.startsWith(OPEN);
}
