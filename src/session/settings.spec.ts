import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { describeSegment, figure, percent } from './labels';
import { DEFAULT_SETTINGS, keepSettings, readSettings } from './settings';

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

describe('session/settings kept in JupyterLab', () => {
  it('saves once a slider rests, and takes what is changed elsewhere', async () => {
    jest.useFakeTimers();
    const saved: [string, unknown][] = [];
    const settings = {
      composite: { intensity: 0.3 } as Record<string, unknown>,
      changed: new Signal<object, void>({}),
      set: async (name: string, value: unknown) => {
        saved.push([name, value]);
        settings.composite = { ...settings.composite, [name]: value };
        settings.changed.emit();
      }
    };
    const registry = {
      load: async () => settings
    } as unknown as ISettingRegistry;
    const session = { settings: DEFAULT_SETTINGS };
    const change = keepSettings(session, registry, 'lit-lab:panel');
    await Promise.resolve();
    await Promise.resolve();
    expect(session.settings.intensity).toBe(0.3);
    change({ intensity: 0.5 });
    change({ intensity: 0.7 });
    settings.changed.emit();
    expect(session.settings.intensity).toBe(0.7);
    jest.runAllTimers();
    jest.useRealTimers();
    await new Promise(resolve => setTimeout(resolve));
    expect(saved).toEqual([['intensity', 0.7]]);
    settings.composite = { intensity: 0.1 };
    settings.changed.emit();
    expect(session.settings.intensity).toBe(0.1);
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
      numRanked: 0,
      method: 'grad_l2'
    } as const;
    const trans = nullTranslator.load('lit_lab');
    expect(describeSegment(segment, map, trans)).toBe('');
  });
});
