/** How much chance is in the scores of LIME and SHAP, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IShownMap } from '../session/map';

/** How certain scores from random sets are. */
export type Certain = 'good' | 'fair' | 'weak';

/** The scores that count: those at the top. */
const TOP = 3;

/** Standard errors of half of a 95% interval. */
const INTERVAL = 1.96;

/** Half of an interval may be this part of the largest score; the service's rule. */
const NARROW = 0.25;

/** Or so many nats. */
const NARROW_NATS = 0.1;

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
  const narrow = Math.max(NARROW * Math.abs(top[0].score), NARROW_NATS);
  return half <= narrow ? 'good' : half <= 2 * narrow ? 'fair' : 'weak';
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
      'Certainty of these scores: fair. Other random sets could move the largest by up to half of the first: look at large differences only.'
    ),
    weak: trans.__(
      'Certainty of these scores: weak. Other random sets could rank even the largest ones in another order.'
    )
  };
  return words[level];
}
