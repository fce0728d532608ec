import { nullTranslator } from '@jupyterlab/translation';

import { describeSegment, figure, percent } from './labels';
import { DEFAULT_SETTINGS, readSettings } from './settings';

const schema = jest.requireActual<{
  properties: Record<string, { default: unknown }>;
}>('../../schema/panel.json');

describe('session/settings', () => {
  it('has the defaults that its schema has', () => {
    const defaults = Object.fromEntries(
      Object.entries(schema.properties).map(([name, p]) => [name, p.default])
    );
    expect(defaults).toEqual(DEFAULT_SETTINGS);
    expect(readSettings(defaults)).toEqual(DEFAULT_SETTINGS);
  });

  it('takes what is valid, and the default for the rest', () => {
    expect(
      readSettings({
        granularity: 'words',
        method: 'grad_l3',
        intensity: 7,
        maxNewTokens: -1
      })
    ).toEqual({ ...DEFAULT_SETTINGS, granularity: 'words', intensity: 1 });
  });
});

describe('session/labels', () => {
  it.each([
    [0, '0%'],
    [0.003, '0.3%'],
    [0.062, '6.2%'],
    [0.08, '8%'],
    [0.0996, '10%'],
    [0.27, '27%'],
    [1, '100%']
  ])('writes %d as %s', (share, text) => {
    expect(percent(share)).toBe(text);
  });

  it.each([
    [0, '0'],
    [0.01524, '0.0152'],
    [-3.14159, '-3.14'],
    [0.0000123, '1.2e-5']
  ])('writes the score %d as %s', (score, text) => {
    expect(figure(score)).toBe(text);
  });

  it('says nothing of a segment that has no share', () => {
    const segment = {
      span: [0, 1],
      score: 1,
      share: null,
      rank: null
    } as const;
    const map = {
      target: [0, 1],
      segments: [segment],
      templateShare: 0,
      maxShare: 0,
      weights: [0],
      method: 'grad_l2'
    } as const;
    const trans = nullTranslator.load('lit_lab');
    expect(describeSegment(segment, map, trans)).toBe('');
  });
});
