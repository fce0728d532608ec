/** Differences of maps in words and signs. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { percent } from '../session/labels';
import type { IChange } from './difference';

/** A change in percentage points, with its sign. */
export function points(change: number, trans: TranslationBundle): string {
  const size = percent(Math.abs(change)).replace('%', '');
  const sign = size === '0' ? '' : change < 0 ? '−' : '+';
  return trans.__('%1 points', `${sign}${size}`);
}

/** A signed share. */
export function share(value: number): string {
  return (value < 0 ? '−' : '') + percent(Math.abs(value));
}

/** A change in words: for hover, focus, and readers who don't see colours. */
export function describeChange(
  { pair, left, right, change, rank }: IChange,
  count: number,
  trans: TranslationBundle
): string {
  const place = trans.__('change %1 of %2', rank, count);
  if (change !== null) {
    return [
      place,
      trans.__('A %1, B %2', share(left!), share(right!)),
      change === 0
        ? trans.__('no difference')
        : trans.__('%1 in B', points(change, trans))
    ].join(' · ');
  }
  const isAlone = pair.left === null || pair.right === null;
  const value = share((left ?? right)!);
  if (left !== null) {
    return isAlone
      ? trans.__('%1 · only in A, there %2 of salience', place, value)
      : trans.__('%1 · before the target only in A, there %2', place, value);
  }
  return isAlone
    ? trans.__('%1 · only in B, there %2 of salience', place, value)
    : trans.__('%1 · before the target only in B, there %2', place, value);
}
