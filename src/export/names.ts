import type { TranslationBundle } from '@jupyterlab/translation';

import type { IOption } from '../components/choice';
import type { Aggregation, Granularity } from '../salience';

/** Granularities to choose from, finest first. */
export function granularityNames(
  trans: TranslationBundle
): IOption<Granularity>[] {
  return [
    { value: 'tokens', name: trans.__('Tokens') },
    { value: 'words', name: trans.__('Words') },
    { value: 'sentences', name: trans.__('Sentences') },
    { value: 'lines', name: trans.__('Lines') },
    { value: 'paragraphs', name: trans.__('Paragraphs'), sign: '¶' }
  ];
}

/** How a segment's score is computed from its tokens' scores. */
export function aggregationName(
  aggregation: Aggregation,
  trans: TranslationBundle
): string {
  return {
    squares: trans.__(
      'A segment’s score is the sum of its tokens’ squared scores.'
    ),
    sum: trans.__('A segment’s score is the sum of its tokens’ scores.'),
    mean: trans.__('A segment’s score is the mean of its tokens’ scores.'),
    max: trans.__('A segment’s score is the largest of its tokens’ scores.')
  }[aggregation];
}
