import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { Method } from '../api';
import { AGGREGATIONS, GRANULARITIES } from '../salience';
import type { Aggregation, Granularity } from '../salience';

/** How a map is shown without being told by colour alone. */
export type Emphasis = 'shade' | 'underline';

/** What the user chose; remembered in JupyterLab's settings. */
export interface ISettings {
  readonly granularity: Granularity;
  readonly method: Method;
  readonly aggregation: Aggregation;
  /** Of colours, 0 to 1; see `intensityExponent`. */
  readonly intensity: number;
  readonly emphasis: Emphasis;
  readonly maxNewTokens: number;
}

/** Also the defaults in schema/panel.json. */
export const DEFAULT_SETTINGS: ISettings = {
  granularity: 'sentences',
  method: 'grad_l2',
  aggregation: 'sum',
  intensity: 0.6,
  emphasis: 'shade',
  maxNewTokens: 256
};

/** All methods, LIT's default first. */
export const METHODS: readonly Method[] = ['grad_l2', 'grad_dot_input'];

/** Take what is valid of settings that may have been written by hand. */
export function readSettings(
  raw: Readonly<Record<string, unknown>>
): ISettings {
  const one = <T>(all: readonly T[], value: unknown, otherwise: T): T =>
    all.find(item => item === value) ?? otherwise;
  const number = (value: unknown, low: number, otherwise: number) =>
    typeof value === 'number' && value >= low ? value : otherwise;
  const d = DEFAULT_SETTINGS;
  return {
    granularity: one(GRANULARITIES, raw.granularity, d.granularity),
    method: one(METHODS, raw.method, d.method),
    aggregation: one(AGGREGATIONS, raw.aggregation, d.aggregation),
    intensity: Math.min(1, number(raw.intensity, 0, d.intensity)),
    emphasis: one(['shade', 'underline'], raw.emphasis, d.emphasis),
    maxNewTokens: Math.round(number(raw.maxNewTokens, 1, d.maxNewTokens))
  };
}

/**
 * Keep a session's settings in JupyterLab's, where there are any.
 *
 * @returns what changes them.
 */
export function keepSettings(
  session: { settings: ISettings },
  registry: ISettingRegistry | null,
  plugin: string
): (settings: Partial<ISettings>) => void {
  let kept: ISettingRegistry.ISettings | null = null;
  /** Changed here and not saved yet. */
  let unsaved: Partial<ISettings> = {};
  let timer = 0;
  const take = () => {
    session.settings = readSettings({ ...kept?.composite, ...unsaved });
  };
  const save = async () => {
    const changes = unsaved;
    for (const [name, value] of Object.entries(changes)) {
      await kept?.set(name, value);
    }
    // What was changed meanwhile is still to be saved.
    unsaved = Object.fromEntries(
      Object.entries(unsaved).filter(
        ([name, value]) => changes[name as keyof ISettings] !== value
      )
    );
  };
  registry
    ?.load(plugin)
    .then(settings => {
      kept = settings;
      settings.changed.connect(take);
      take();
    })
    .catch(reason => {
      console.warn('LIT Lab: settings could not be loaded', reason);
    });
  return changes => {
    unsaved = { ...unsaved, ...changes };
    session.settings = { ...session.settings, ...changes };
    // A slider says many values on its way.
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      save().catch(reason => {
        console.warn('LIT Lab: settings could not be saved', reason);
      });
    }, 400);
  };
}
