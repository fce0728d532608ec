import { nullTranslator } from '@jupyterlab/translation';

import type { ISegmentSalience } from '../salience';
import { certaintyOf, certaintyWords } from './chance';

const trans = nullTranslator.load('lit_lab');

/** A map of scores with standard errors. */
function segments(
  ...scores: readonly (readonly [number, number?])[]
): ISegmentSalience[] {
  return scores.map(([score, error], i) => ({
    span: [i, i + 1],
    score,
    share: 0,
    rank: i + 1,
    ...(error !== undefined && { error })
  }));
}

describe('map/chance', () => {
  it('looks at the largest three', () => {
    const rest = segments([4, 0.4], [-3, 0.3], [2, 0.5], [0.1, 9]);
    expect(certaintyOf({ segments: rest })).toBe('good');
    expect(certaintyOf({ segments: segments([4, 0.4], [3, 0.9]) })).toBe(
      'fair'
    );
    expect(certaintyOf({ segments: segments([4, 0.4], [-3, 1.1]) })).toBe(
      'weak'
    );
  });

  it('takes differences that matter to nobody for none', () => {
    expect(certaintyOf({ segments: segments([0.01, 0.05]) })).toBe('good');
  });

  it('says nothing where nothing was drawn', () => {
    expect(certaintyOf({ segments: segments([4], [3]) })).toBeNull();
  });

  it('has words for each level', () => {
    const words = (['good', 'fair', 'weak'] as const).map(level =>
      certaintyWords(level, trans)
    );
    expect(words[0]).toContain('good');
    expect(words[2]).toContain('another order');
  });
});
