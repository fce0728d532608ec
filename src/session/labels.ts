/** Figures in words and signs, the same in panel and notebook. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISegmentSalience } from '../salience';
import type { IShownMap } from './map';

/** A share as percent, with a decimal where that is all there is. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value !== 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')}%`;
}

/** A score, to three figures. */
export function figure(score: number): string {
  if (score === 0) {
    return '0';
  }
  const size = Math.abs(score);
  return size >= 1e-3 && size < 1e5
    ? String(Number(score.toPrecision(3)))
    : score.toExponential(1);
}

/** Score, share and rank of a segment. */
export function describeSegment(
  segment: ISegmentSalience,
  map: IShownMap,
  trans: TranslationBundle
): string {
  if (segment.rank === null || segment.share === null) {
    return '';
  }
  return trans.__(
    'rank %1 of %2 · %3 of salience · score %4',
    segment.rank,
    map.numRanked,
    percent(segment.share),
    figure(segment.score)
  );
}

/** A span of time, for a person. */
export function duration(seconds: number, trans: TranslationBundle): string {
  return seconds < 9.95
    ? trans.__('%1 s', seconds.toFixed(1))
    : trans.__('%1 s', Math.round(seconds));
}
