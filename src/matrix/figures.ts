/** The figures of the table's cells, as they are shown and as they are spoken. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** Stands for less than half a per cent. */
const NOTHING = '·';

/** The same number as {@link short}, with the sign, for screen readers. */
export function spoken(
  part: number,
  isEffect: boolean,
  trans: TranslationBundle
): string {
  if (isEffect) {
    return short(part) === NOTHING
      ? trans.__('under 1 point')
      : trans._n(
          '%1 point',
          '%1 points',
          Math.round(Math.abs(part) * 100),
          short(part)
        );
  }
  return short(part) === NOTHING
    ? trans.__('under 1%')
    : trans.__('%1%', short(part));
}

/** A percentage without decimals and without the percent sign, which doesn't fit. */
export function short(part: number): string {
  const value = Math.round(Math.abs(part) * 100);
  return value === 0 ? NOTHING : `${part < 0 ? '−' : ''}${value}`;
}
