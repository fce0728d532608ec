/** Differences of maps in words and signs. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { percent } from '../session/labels';
import type { IChange, IMapDifference } from './difference';

/** A change in percentage points, with its sign. */
export function points(change: number, trans: TranslationBundle): string {
  const size = percent(Math.abs(change)).replace('%', '');
  const sign = size === '0' ? '' : change < 0 ? '−' : '+';
  return trans.__('%1 points', `${sign}${size}`);
}

/** A signed share; or a fall of a probability, in percentage points. */
export function amount(
  value: number,
  by: IMapDifference['by'],
  trans: TranslationBundle
): string {
  const size = percent(Math.abs(value));
  const sign = value < 0 ? '−' : '';
  return by === 'share'
    ? sign + size
    : trans.__('%1 points', sign + size.replace('%', ''));
}

/** A change in words: for hover, focus, and readers who don't see colours. */
export function describeChange(
  { pair, left, right, change, isUnlooked, rank }: IChange,
  { changes, by }: Pick<IMapDifference, 'changes' | 'by'>,
  trans: TranslationBundle
): string {
  const place = trans.__('change %1 of %2', rank, changes.length);
  if (change !== null) {
    return [
      place,
      by === 'effect' ? trans.__('effect') : '',
      trans.__(
        'A %1, B %2',
        amount(left!, by, trans),
        amount(right!, by, trans)
      ),
      change === 0
        ? trans.__('no difference')
        : trans.__('%1 in B', points(change, trans))
    ]
      .filter(part => part !== '')
      .join(' · ');
  }
  const isAlone = pair.left === null || pair.right === null;
  const size = amount((left ?? right)!, by, trans);
  const value =
    by === 'share'
      ? trans.__('%1 of salience', size)
      : trans.__('an effect of %1', size);
  if (isUnlooked) {
    return left !== null
      ? trans.__('%1 · not looked into in B, in A %2', place, value)
      : trans.__('%1 · not looked into in A, in B %2', place, value);
  }
  if (left !== null) {
    return isAlone
      ? trans.__('%1 · only in A, there %2', place, value)
      : trans.__('%1 · before the target only in A, there %2', place, value);
  }
  return isAlone
    ? trans.__('%1 · only in B, there %2', place, value)
    : trans.__('%1 · before the target only in B, there %2', place, value);
}
