import { DefaultSchemaValidator } from '@jupyterlab/settingregistry';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import {
  describeCost,
  describeSampling,
  describeSegment,
  figure,
  nats,
  percent,
  signedFigure
} from './labels';
import { METHOD_NAMES } from './methods';
import { METHODS } from './methods';
import type { MapMethod } from './methods';
import {
  DEFAULT_SETTINGS,
  keepSettings,
  readSettings,
  samplingOf
} from './settings';

const schema = jest.requireActual<{
  properties: Record<string, { default: unknown }>;
}>('../../schema/panel.json');

describe('session/settings', () => {
  it('has the defaults that its schema has', () => {
    const { litLayout, ...defaults } = Object.fromEntries(
      Object.entries(schema.properties).map(([name, p]) => [name, p.default])
    );
    // Read where LIT's tab is opened.
    expect(litLayout).toBe('left_right');
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

  it('knows all methods', () => {
    const { oneOf } = schema.properties.method as unknown as {
      oneOf: { const: string }[];
    };
    expect(oneOf.map(one => one.const)).toEqual(METHOD_NAMES);
    for (const method of METHOD_NAMES) {
      expect(readSettings({ method }).method).toBe(method);
    }
  });

  it('takes sampling within its bounds, and says it as requests do', () => {
    const settings = readSettings({
      temperature: 99,
      topK: 40.4,
      topP: 0.9,
      seed: 3,
      repetitionPenalty: 1.3
    });
    expect(samplingOf(settings)).toEqual({
      temperature: 10,
      top_k: 40,
      top_p: 0.9,
      seed: 3,
      repetition_penalty: 1.3
    });
    expect(readSettings({ topP: 0 }).topP).toBe(1);
    expect(readSettings({ topP: 7, seed: -1 })).toEqual(DEFAULT_SETTINGS);
    expect(samplingOf(DEFAULT_SETTINGS)).toMatchObject({
      top_k: null,
      top_p: null
    });
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

  it.each([
    ['{"surprise": true}', true],
    ['{"surprise": true, "surprisal": false}', false],
    ['{"surprise": false, "surprisal": true}', true],
    ['{}', false]
  ])('honours the name that surprisal had: %s', async (raw, surprisal) => {
    const plugin = {
      id: 'lit-lab:panel',
      raw,
      schema: schema as unknown as ISettingRegistry.ISchema,
      data: { composite: {}, user: {} },
      version: '0.1.0'
    };
    expect(new DefaultSchemaValidator().validateData(plugin)).toBeNull();
    const settings = { ...plugin.data, changed: new Signal<object, void>({}) };
    const registry = {
      load: async () => settings
    } as unknown as ISettingRegistry;
    const session = { settings: DEFAULT_SETTINGS };
    keepSettings(session, registry, plugin.id);
    await new Promise(resolve => setTimeout(resolve));
    expect(session.settings.surprisal).toBe(surprisal);
  });
});

describe('session/labels', () => {
  const trans = nullTranslator.load('lit_lab');

  it.each([
    [{ score: -2.3124, error: 0.1234 }, '−2.31 ± 0.12 nats'],
    [{ score: 12.345, error: 2.31 }, '+12.3 ± 2.3 nats'],
    [{ score: 0.04567 }, '+0.046 nats'],
    [{ score: 2.333, error: 0.0501 }, '+2.33 ± 0.05 nats'],
    [{ score: -0.0000001 }, '0.000 nats'],
    [{ score: 7 }, '+7.0 nats'],
    [{ score: 0, error: 0 }, '0.0 ± 0.0 nats']
  ])('writes %j in nats', (score, text) => {
    expect(nats(score, trans)).toBe(text);
  });

  it('writes signs as signs', () => {
    expect([-0.5, 0, 2].map(signedFigure)).toEqual(['−0.5', '0', '+2']);
  });

  it('tells for from against by signed methods alone', () => {
    const segment = { span: [0, 1], score: -1.5, share: 0.3, rank: 2 } as const;
    const map = {
      target: [1, 2],
      segments: [segment],
      templateShare: 0,
      maxShare: 0.3,
      weights: [1],
      numRanked: 4,
      gap: null
    } as const;
    const say = (method: MapMethod) =>
      describeSegment(
        segment,
        { ...map, method, isSigned: METHODS[method].isSigned },
        trans
      );
    expect(say('shap')).toBe(
      'rank 2 of 4 · against it · 30% of all effects · −1.5 nats'
    );
    expect(say('integrated_gradients')).toBe(
      'rank 2 of 4 · against it · 30% of salience · score −1.5'
    );
    expect(say('grad_l2')).not.toContain('against');
  });

  it('tells sampling and cost', () => {
    expect(describeSampling({}, trans)).toBe('greedy');
    expect(describeSampling({ temperature: 0, seed: 3 }, trans)).toBe('greedy');
    expect(
      describeSampling({ temperature: 0.8, top_k: 40, seed: 3 }, trans)
    ).toBe('temperature 0.8, top-k 40, seed 3');
    expect(
      describeSampling({ temperature: 0.8, repetition_penalty: 1.2 }, trans)
    ).toBe('temperature 0.8, seed 0, repetition penalty 1.2');
    expect(describeSampling({ repetition_penalty: 1.2 }, trans)).toBe(
      'greedy, repetition penalty 1.2'
    );
    expect(describeSampling({ repetition_penalty: 1 }, trans)).toBe('greedy');
    expect(describeCost({ passes: 40, seconds: 3.2 }, trans)).toBe(
      'about 40 passes through the model, 3 s'
    );
    expect(describeCost({ passes: 1, seconds: null }, trans)).toBe(
      'about 1 pass through the model'
    );
    expect(describeCost({ passes: 900, seconds: 240 }, trans)).toContain(
      '4 min'
    );
  });

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
      isSigned: false,
      method: 'grad_l2',
      gap: null
    } as const;
    const trans = nullTranslator.load('lit_lab');
    expect(describeSegment(segment, map, trans)).toBe('');
  });
});
