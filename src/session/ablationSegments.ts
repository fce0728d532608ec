/** The segments before a target that an ablation method can remove. */
import type { TokenSpan } from '../salience';

/** The most segments to ablate: each one costs a forward pass. */
export const MAX_ABLATION_SEGMENTS = 400;

/** A segment that an ablation method can remove. */
export interface IAblationSegment {
  /** Its index among the text's segments. */
  readonly index: number;
  readonly span: TokenSpan;
}

/**
 * The segments before a target that an ablation method can remove.
 *
 * Template tokens belong to no segment, so they always stay. Without template
 * tokens the first token stays, because a model needs at least one.
 *
 * @param segments - of the whole sequence, in order, cut at the target.
 */
export function ablationSegments(
  segments: readonly TokenSpan[],
  target: TokenSpan
): IAblationSegment[] {
  const parts = segments
    .map((span, index): IAblationSegment => ({ index, span }))
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
