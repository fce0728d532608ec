import { nullTranslator } from '@jupyterlab/translation';

import type { AnswerToken, CurveEvent } from '../api';
import { certaintyOf, rowsOf } from './certainty';
import { describePlot, valueAt } from './plot';
import {
  agreementWords,
  lengthWords,
  paceOf,
  stabilityWords,
  verdictOf
} from './verdict';

const trans = nullTranslator.load('lit_lab');

const curve = (
  order: CurveEvent['order'],
  ...logprobs: number[]
): CurveEvent => ({
  event: 'curve',
  kind: 'deletion',
  order,
  points: logprobs.map((logprob, i) => ({
    share: i / (logprobs.length - 1),
    logprob
  }))
});

/** The map's order costs 7.5 of 10 nats on the mean of the way, chance 5. */
const CURVES = [curve('map', 0, -10, -10), curve('random', 0, -5, -10)];

describe('map/verdict', () => {
  const test = (faithfulness: number | null, length: number | null = null) => ({
    logprob_range: 10,
    faithfulness,
    deviation: faithfulness === null ? null : 0.1,
    length_adjusted: length
  });

  it('says how much faster than chance the target falls', () => {
    expect(paceOf(CURVES)).toBeCloseTo(1.5);
    expect(paceOf([CURVES[0]])).toBeNull();
    expect(paceOf([CURVES[0], curve('random', 0, 1, 1)])).toBeNull();
    const verdict = verdictOf(test(0.62), CURVES, trans);
    expect(verdict.level).toBe('good');
    expect(verdict.words).toContain('1.5 times as fast as chance');
    expect(verdict.numbers).toBe('Score 62 of 100; random orders: 0 ± 10.');
  });

  it.each([
    [0.15, 'weak', 'Hardly better than chance'],
    [0.1, 'chance', 'No better than chance'],
    [-0.05, 'chance', 'No better than chance'],
    [-0.3, 'worse', 'Worse than chance']
  ])('is honest about %d', (faithfulness, level, words) => {
    const verdict = verdictOf(test(faithfulness), CURVES, trans);
    expect(verdict.level).toBe(level);
    expect(verdict.words).toContain(words);
    expect(verdict.words).not.toContain('as fast as');
  });

  it('does not boast of a pace that the curves do not show', () => {
    const slow = [curve('map', 0, -5, -10), CURVES[1]];
    expect(verdictOf(test(0.5), slow, trans).words).not.toContain('fast');
  });

  it('says so where there is nothing to test', () => {
    const verdict = verdictOf(
      { ...test(null), logprob_range: 0.042 },
      [],
      trans
    );
    expect(verdict.level).toBe('unknown');
    expect(verdict.numbers).toBe('Its log-probability changes by 0.04 nats.');
  });

  it('tells what is Length alone, but not of a map that is chance', () => {
    expect(lengthWords(test(0.6, 0.4), trans)).toContain('40 points');
    expect(lengthWords(test(0.6, 0.05), trans)).toContain('Length alone');
    expect(lengthWords(test(0.05, 0.4), trans)).toBe('');
    expect(lengthWords(test(0.6, null), trans)).toBe('');
  });

  it('tells stability and agreement in words', () => {
    expect(stabilityWords(0.97, trans)).toContain('hardly');
    expect(stabilityWords(0.2, trans)).toContain('considerably (0.20)');
    expect(
      [0.9, 0.5, 0, -0.8].map(value => agreementWords(value, trans))
    ).toEqual([
      'much the same order',
      'partly the same order',
      'another order',
      'the opposite order'
    ]);
  });
});

describe('map/plot', () => {
  it('reads a curve between its points', () => {
    const { points } = CURVES[1];
    expect([0, 0.25, 0.5, 1].map(at => valueAt(points, at))).toEqual([
      0, -2.5, -5, -10
    ]);
  });

  it('says its numbers in words, the map first', () => {
    expect(describePlot('deletion', [CURVES[1], CURVES[0]], trans)).toContain(
      'this map: -5.0, -10.0, -10.0 nats; chance: -2.5, -5.0, -7.5 nats'
    );
  });
});

describe('map/certainty', () => {
  const token = (text: string, probability: number | null): AnswerToken => ({
    id: 7,
    piece: text,
    text,
    kind: 'text',
    logprob: probability === null ? null : Math.log(probability),
    alternatives: [
      { id: 5, piece: '▁no', text: ' no', logprob: Math.log(0.5) },
      { id: 6, piece: '\n', text: '\n', logprob: Math.log(0.25) }
    ]
  });

  it('adds what was said where it is not among the likeliest', () => {
    const rows = rowsOf(token(' yes', 0.125));
    expect(rows.map(row => [row.text, row.isChosen])).toEqual([
      ['no', false],
      ['⏎', false],
      ['yes', true]
    ]);
    expect(rows[2].probability).toBeCloseTo(0.125);
    expect(rowsOf({ ...token(' no', 0.5), id: 5 })).toHaveLength(2);
  });

  it('gives the geometric mean and lowest of several; nothing where nothing is known', () => {
    const certainty = certaintyOf([token(' a', 0.75), token('  ', 0.25)])!;
    expect(certainty.mean).toBeCloseTo(Math.sqrt(0.75 * 0.25));
    expect(certainty.lowest).toBeCloseTo(0.25);
    expect(certainty.at).toBe('␣');
    expect(certaintyOf([token('a', null)])).toBeNull();
    expect(
      certaintyOf([{ id: 1, piece: 'a', text: 'a', kind: 'text' }])
    ).toBeNull();
  });
});
