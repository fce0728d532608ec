/** From shares to strength of colour. */
import type { ISalienceMap, ISegmentSalience } from './shares';

/**
 * The exponent for the user's intensity.
 *
 * @param intensity - 0 (only the strongest segments are coloured) to 1 (weak
 *   ones too); at 0.5 colour is in proportion to the share.
 */
export function intensityExponent(intensity: number): number {
  return 4 ** (1 - 2 * Math.min(1, Math.max(0, intensity)));
}

/**
 * Strength of a segment's colour: its share relative to the largest share, raised
 * to the exponent.
 *
 * @returns -1 to 1; negative for negative scores, 0 without a share.
 */
export function colourWeight(
  segment: ISegmentSalience,
  map: Pick<ISalienceMap, 'maxShare'>,
  exponent: number
): number {
  if (segment.share === null || map.maxShare <= 0 || segment.share <= 0) {
    return 0;
  }
  const weight = (segment.share / map.maxShare) ** exponent;
  return segment.score < 0 ? -weight : weight;
}
