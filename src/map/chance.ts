/** Describes in words how much the scores of LIME and SHAP depend on chance. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IShownMap } from '../session/map';

/** The certainty of scores from random sets. */
export type Certain = 'good' | 'fair' | 'weak' | 'small';

/** How many of the largest scores determine the certainty. */
const TOP = 3;

/** Half the width of a 95% interval, in standard errors. */
const INTERVAL = 1.96;

/** Maximum half width of a narrow interval, relative to the largest score. The service uses the same limit. */
const NARROW = 0.25;

/** Below this half width, in nats, the service tries no more sets, but the order of scores is uncertain. */
const SMALL_NATS = 0.1;

/** The certainty of a map's largest scores; null if the method sampled nothing. */
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

/** Describes the certainty of a map's largest scores. */
export function certaintyWords(
  level: Certain,
  trans: TranslationBundle
): string {
  const words: Record<Certain, string> = {
    good: trans.__(
      'Certainty of these scores: good. Other random sets would hardly move the largest ones.'
    ),
    fair: trans.__(
      'Certainty of these scores: fair. Other random sets could change the largest scores by up to half of the highest one, so rely on large differences only.'
    ),
    weak: trans.__(
      'Certainty of these scores: weak. Other random sets could rank even the largest ones in another order.'
    ),
    small: trans.__(
      'All scores are below about %1 nats, so their order means little.',
      SMALL_NATS
    )
  };
  return words[level];
}
