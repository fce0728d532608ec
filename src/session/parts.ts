/** What can be taken away before a target. */
import type { TokenSpan } from '../salience';

/** Most parts that are taken away one by one: more would take too long. */
export const MAX_PARTS = 400;

/** A segment that can be taken away. */
export interface IPart {
  /** Its index among the text's segments. */
  readonly index: number;
  readonly span: TokenSpan;
}

/**
 * The segments before a target, which can be taken away.
 *
 * Template tokens are in no segment, so that they always stay. Where there are
 * none, the first token stays: a model needs something to begin with.
 *
 * @param segments - of the whole sequence, in order, cut at the target.
 */
export function partsBefore(
  segments: readonly TokenSpan[],
  target: TokenSpan
): IPart[] {
  const parts = segments
    .map((span, index): IPart => ({ index, span }))
    .filter(({ span }) => span[1] <= target[0]);
  const covered = parts.reduce((sum, { span }) => sum + span[1] - span[0], 0);
  if (covered < target[0] || parts.length === 0) {
    return parts;
  }
  const [{ index, span }, ...rest] = parts;
  return span[1] - span[0] === 1
    ? rest
    : [{ index, span: [span[0] + 1, span[1]] }, ...rest];
}
