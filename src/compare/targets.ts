/** Which part of one answer corresponds to a part of the other. */
import type { TokenSpan } from '../salience';
import type { IText } from '../session/runText';
import { otherSide, segmentsIn } from './segments';
import type { IAlignment, Side } from './segments';

/** How a counterpart was found: by the same text, a similar one, or its place. */
export type Match = 'same' | 'alike' | 'place';

/** A counterpart of a target. */
export interface ICounterpart {
  readonly span: TokenSpan;
  readonly match: Match;
}

/**
 * The counterpart of a target: the segments aligned with it; or else those at the
 * same place in the answer.
 *
 * @param texts - left and right, in segments that no target cuts.
 * @param alignment - of their answers.
 * @returns null if the other answer has nothing at that place.
 */
export function counterpart(
  side: Side,
  target: TokenSpan,
  texts: readonly [IText, IText],
  alignment: IAlignment
): ICounterpart | null {
  const [own, other] = side === 'left' ? texts : [texts[1], texts[0]];
  const indices = segmentsIn(own.segments, target);
  const pairs = indices.flatMap(index => alignment.of[side][index] ?? []);
  const found = pairs.flatMap(pair => pair[otherSide(side)] ?? []);
  if (found.length > 0) {
    const isSame =
      found.length === indices.length &&
      pairs.every(pair => pair.kind === 'same');
    return {
      span: spanOf(other, found[0], found[found.length - 1]),
      match: isSame ? 'same' : 'alike'
    };
  }
  const shift = other.prompt.length - own.prompt.length;
  const [first, last] = [indices[0], indices[indices.length - 1]];
  if (first === undefined || !other.segments[first + shift]) {
    return null;
  }
  const end = Math.min(last + shift, other.segments.length - 1);
  return { span: spanOf(other, first + shift, end), match: 'place' };
}

function spanOf({ segments }: IText, first: number, last: number): TokenSpan {
  return [segments[first][0], segments[last][1]];
}
