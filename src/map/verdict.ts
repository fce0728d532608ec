/** The result of a map's test: first in plain words, then in numbers. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { CurveEvent, FaithfulnessEvent } from '../api';

/** The result of a test. */
export interface IVerdict {
  readonly level: 'good' | 'weak' | 'chance' | 'worse' | 'unknown';
  /** In plain words. */
  readonly words: string;
  /** The numbers behind them. */
  readonly numbers: string;
}

type Numbers = Pick<
  FaithfulnessEvent,
  'logprob_range' | 'faithfulness' | 'deviation' | 'length_adjusted'
>;

/**
 * Say whether what a map ranks first matters first.
 *
 * Random orders have an area of zero and a deviation: a map within one deviation is
 * chance, one within two hardly better.
 */
export function verdictOf(
  test: Numbers,
  curves: readonly CurveEvent[],
  trans: TranslationBundle
): IVerdict {
  const { faithfulness, deviation } = test;
  if (faithfulness === null || deviation === null) {
    return {
      level: 'unknown',
      words: trans.__(
        'Nothing to test: taking parts away hardly changes the target’s probability, so no order is better than another.'
      ),
      numbers: trans.__(
        'Its log-probability changes by %1 nats.',
        test.logprob_range.toFixed(2)
      )
    };
  }
  const level =
    faithfulness < -deviation
      ? 'worse'
      : faithfulness <= deviation
        ? 'chance'
        : faithfulness <= 2 * deviation
          ? 'weak'
          : 'good';
  const pace = paceOf(curves);
  const words = {
    good:
      pace !== null && pace >= 1.1
        ? trans.__(
            'Taking away what this map ranks first lowers the target’s probability %1 times as fast as chance.',
            pace.toFixed(1)
          )
        : trans.__(
            'What this map ranks first matters more than parts picked by chance.'
          ),
    weak: trans.__(
      'Hardly better than chance: some random orders do as well as this map.'
    ),
    chance: trans.__(
      'No better than chance: what this map ranks first matters no more than parts picked at random.'
    ),
    worse: trans.__(
      'Worse than chance: what this map ranks first matters less than parts picked at random.'
    )
  }[level];
  return {
    level,
    words,
    numbers: trans.__(
      'Score %1 of 100; random orders: 0 ± %2.',
      hundredths(faithfulness),
      hundredths(deviation)
    )
  };
}

/** What a map knows besides the fact that long segments matter more; empty if unknown. */
export function lengthWords(test: Numbers, trans: TranslationBundle): string {
  const { faithfulness, deviation, length_adjusted: length } = test;
  if (faithfulness === null || deviation === null || length === null) {
    return '';
  }
  const points = hundredths(length);
  if (faithfulness <= deviation) {
    return '';
  }
  return length > deviation
    ? trans.__(
        'Length alone does not explain it: %1 points above random orders of equally long parts.',
        points
      )
    : trans.__(
        'Length alone may explain much of it: only %1 points above random orders of equally long parts.',
        points
      );
}

/** How much a map changes with noise. */
export function stabilityWords(
  stability: number,
  trans: TranslationBundle
): string {
  const value = stability.toFixed(2);
  if (stability >= 0.9) {
    return trans.__('A little noise hardly changes its order (%1).', value);
  }
  return stability >= 0.6
    ? trans.__('A little noise changes its order somewhat (%1).', value)
    : trans.__('A little noise changes its order considerably (%1).', value);
}

/** How much two maps agree. */
export function agreementWords(
  correlation: number,
  trans: TranslationBundle
): string {
  if (correlation >= 0.7) {
    return trans.__('much the same order');
  }
  if (correlation >= 0.3) {
    return trans.__('partly the same order');
  }
  return correlation > -0.3
    ? trans.__('another order')
    : trans.__('the opposite order');
}

/**
 * How much faster the map's order reduces the target's probability than random
 * orders do, on average; null if random orders don't reduce it.
 */
export function paceOf(curves: readonly CurveEvent[]): number | null {
  const drop = (order: CurveEvent['order']) => {
    const curve = curves.find(c => c.kind === 'deletion' && c.order === order);
    if (!curve || curve.points.length < 2) {
      return null;
    }
    const { points } = curve;
    let area = 0;
    for (let i = 1; i < points.length; i++) {
      const mean = (points[i - 1].logprob + points[i].logprob) / 2;
      area += (points[i].share - points[i - 1].share) * mean;
    }
    return points[0].logprob - area;
  };
  const [map, chance] = [drop('map'), drop('random')];
  return map !== null && chance !== null && map > 0 && chance > 0
    ? map / chance
    : null;
}

/** Percentage points, limited to 100. */
function hundredths(part: number): string {
  const points = Math.round(Math.min(1, part) * 100);
  return points < 0 ? `−${-points}` : String(points);
}
