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

  it('says nothing of the order of small scores', () => {
    // Half of an interval is .09 nats: it spans 0.
    const small = certaintyOf({ segments: segments([0.05, 0.046]) });
    expect(small).toBe('small');
    expect(certaintyWords(small!, trans)).toBe(
      'All scores are below about 0.1 nats, so their order means little.'
    );
    // Those that are certain are so at any size; others may be large.
    expect(certaintyOf({ segments: segments([0.05, 0.001]) })).toBe('good');
    expect(certaintyOf({ segments: segments([0.05, 0.5]) })).toBe('weak');
  });

  it('says by how much scores may change only where that is true', () => {
    // Half of an interval is .09, and .19 nats: a third, and most of the first.
    expect(certaintyOf({ segments: segments([0.27, 0.046]) })).toBe('fair');
    expect(certaintyOf({ segments: segments([0.25, 0.097]) })).toBe('weak');
    expect(certaintyWords('fair', trans)).toContain(
      'change the largest scores by up to half of the highest one'
    );
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
