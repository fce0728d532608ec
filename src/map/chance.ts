/** How much chance is in the scores of LIME and SHAP, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IShownMap } from '../session/map';

/** How certain scores from random sets are. */
export type Certain = 'good' | 'fair' | 'weak' | 'small';

/** The scores that count: those at the top. */
const TOP = 3;

/** Standard errors of half of a 95% interval. */
const INTERVAL = 1.96;

/** Half of an interval may be this part of the largest score; the service's rule. */
const NARROW = 0.25;

/** Or so many nats: no more sets are tried, but that says nothing about the order. */
const SMALL_NATS = 0.1;

/** How certain a map's largest scores are; null if nothing was sampled. */
export function certaintyOf({
  segments
}: Pick<IShownMap, 'segments'>): Certain | null {
  const top = segments
    .filter(({ error }) => error !== undefined)
    .sort((a, b) => Math.abs(b.score) - Math.abs(a.score))
    .slice(0, TOP);
  if (top.length === 0) {
    return null;
  }
  const half = INTERVAL * Math.max(...top.map(({ error }) => error!));
  const largest = Math.abs(top[0].score);
  if (half <= NARROW * largest) {
    return 'good';
  }
  if (largest <= SMALL_NATS && half <= SMALL_NATS) {
    return 'small';
  }
  return half <= 2 * NARROW * largest ? 'fair' : 'weak';
}

/** How certain a map's largest scores are, in words. */
export function certaintyWords(
  level: Certain,
  trans: TranslationBundle
): string {
  const words: Record<Certain, string> = {
    good: trans.__(
      'Certainty of these scores: good. Other random sets would hardly move the largest ones.'
    ),
    fair: trans.__(
      'Certainty of these scores: fair. Other random sets could change the largest scores by up to half of the highest one: look at large differences only.'
    ),
    weak: trans.__(
      'Certainty of these scores: weak. Other random sets could rank even the largest ones in another order.'
    ),
    small: trans.__(
      'All scores are small, below about %1 nats: their order says little.',
      SMALL_NATS
    )
  };
  return words[level];
}
