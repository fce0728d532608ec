import { colourWeight, intensityExponent } from './colour';
import type { ITextToken, TokenSpan } from './token';
import {
  aggregate,
  cutAtTarget,
  mapSalience,
  mapSegments,
  rank
} from './shares';
import type { Aggregation } from './shares';

interface ICase {
  name: string;
  kinds: ITextToken['kind'][];
  scores: number[];
  segments: TokenSpan[];
  target: TokenSpan;
  aggregation: Aggregation;
  exponent: number;
  expected: {
    span: TokenSpan;
    score: number;
    share: number | null;
    rank: number | null;
    weight: number;
  }[];
  template: number;
}

const { cases } = jest.requireActual<{ cases: ICase[] }>(
  '../../tests/fixtures/text/shares.json'
);

describe('salience/shares', () => {
  it.each(cases.map(c => [c.name, c] as const))('%s', (_, c) => {
    const tokens = c.kinds.map(kind => ({ kind }));
    const map = mapSalience(
      tokens,
      c.scores,
      c.segments,
      c.target,
      c.aggregation
    );
    expect(map.segments.map(s => s.span)).toEqual(c.expected.map(e => e.span));
    expect(map.segments.map(s => s.rank)).toEqual(c.expected.map(e => e.rank));
    map.segments.forEach((segment, i) => {
      const expected = c.expected[i];
      expect(segment.score).toBeCloseTo(expected.score, 10);
      if (expected.share === null) {
        expect(segment.share).toBeNull();
      } else {
        expect(segment.share).toBeCloseTo(expected.share, 10);
      }
      const weight = colourWeight(segment, map, c.exponent);
      expect(weight).toBeCloseTo(expected.weight, 10);
    });
    expect(map.templateShare).toBeCloseTo(c.template, 10);
  });

  it('has a score of 0 for an empty span', () => {
    expect(aggregate([1, 2], [1, 1], 'mean')).toBe(0);
    expect(aggregate([1, 2], [1, 1], 'max')).toBe(0);
  });

  it('leaves segments whole that the target does not cut', () => {
    expect(
      cutAtTarget(
        [
          [1, 3],
          [3, 5]
        ],
        [3, 5]
      )
    ).toEqual([
      [1, 3],
      [3, 5]
    ]);
    expect(cutAtTarget([[1, 9]], [3, 5])).toEqual([
      [1, 3],
      [3, 5],
      [5, 9]
    ]);
  });

  it('ranks by magnitude, ties by position', () => {
    expect(rank([1, -3, 3, 0])).toEqual([3, 1, 2, 4]);
  });

  it('maps scores of segments as they are, and none where there is none', () => {
    const segments: TokenSpan[] = [
      [1, 3],
      [3, 4],
      [4, 6],
      [6, 7]
    ];
    const scores = [{ score: 1, error: 0.25 }, { score: -3 }, undefined];
    const map = mapSegments(segments, scores, [4, 6]);
    expect(map.segments).toEqual([
      { span: [1, 3], score: 1, error: 0.25, share: 0.25, rank: 2 },
      { span: [3, 4], score: -3, share: 0.75, rank: 1 },
      { span: [4, 6], score: 0, share: null, rank: null },
      { span: [6, 7], score: 0, share: null, rank: null }
    ]);
    expect(map.maxShare).toBe(0.75);
    expect(map.templateShare).toBe(0);
  });

  it('has an intensity in proportion at the middle, stronger above', () => {
    expect(intensityExponent(0.5)).toBe(1);
    expect(intensityExponent(1)).toBeLessThan(1);
    expect(intensityExponent(0)).toBeGreaterThan(1);
    expect(intensityExponent(7)).toBe(intensityExponent(1));
  });
});
