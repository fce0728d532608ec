import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { AblationMode, ChatMode, Sampling } from '../api';
import { AGGREGATIONS, GRANULARITIES } from '../salience';
import type { Aggregation, Granularity } from '../salience';
import { METHOD_NAMES } from './methods';
import type { MapMethod } from './methods';
import type { IRunRequest } from './run';
import { isSameStops, readStops } from './stop';

/** How a map is shown without being told by colour alone. */
export type Emphasis = 'shade' | 'underline';

/** How close the lines of the text are. */
export type Density = 'comfortable' | 'compact';

/** What the user chose; remembered in JupyterLab's settings. */
export interface ISettings {
  readonly granularity: Granularity;
  /** The regular expression that ends segments of granularity `custom`. */
  readonly pattern: string;
  readonly method: MapMethod;
  readonly aggregation: Aggregation;
  /** Of colours, 0 to 1; see `intensityExponent`. */
  readonly intensity: number;
  readonly emphasis: Emphasis;
  readonly density: Density;
  /** Whether control tokens that structure a conversation aren't shown. */
  readonly hideTemplate: boolean;
  /** Whether each token of the answer is marked by its surprisal. */
  readonly surprisal: boolean;
  /** How ablation methods take parts away. */
  readonly ablationMode: AblationMode;
  /** Whether prompts are put into their model's chat format. */
  readonly chat: ChatMode;
  /** Whether models that can are to think before they answer. */
  readonly thinking: boolean;
  readonly maxNewTokens: number;
  /** Texts that end an answer. */
  readonly stop: readonly string[];
  /** Of the answer's sampling; 0: always the most likely token. */
  readonly temperature: number;
  /** Of tokens that prompt or answer have already; 1: none. */
  readonly repetitionPenalty: number;
  /** Sample among this many tokens; 0: among all. */
  readonly topK: number;
  /** Sample among the most likely that reach this together; 1: among all. */
  readonly topP: number;
  readonly seed: number;
  /** How many answers Run makes, each with the next seed; one where none is drawn. */
  readonly samples: number;
}

/** Also the defaults in schema/panel.json. */
export const DEFAULT_SETTINGS: ISettings = {
  granularity: 'sentences',
  pattern: '[,;:.]\\s|\\n',
  method: 'grad_l2',
  aggregation: 'sum',
  intensity: 0.6,
  emphasis: 'shade',
  density: 'comfortable',
  hideTemplate: false,
  surprisal: false,
  ablationMode: 'remove',
  chat: 'auto',
  thinking: false,
  maxNewTokens: 256,
  stop: [],
  temperature: 0,
  repetitionPenalty: 1,
  topK: 0,
  topP: 1,
  seed: 0,
  samples: 1
};

/** Largest values that requests take. */
export const MAX_TEMPERATURE = 10;
export const MAX_REPETITION_PENALTY = 2;
export const MAX_TOP_K = 262_144;
export const MAX_SEED = 2 ** 31 - 1;

/** Most answers that one Run makes. */
export const MAX_SAMPLES = 8;

/** How the settings have an answer sampled, as a request says it. */
export function samplingOf(settings: ISettings): Required<Sampling> {
  const { temperature, topK, topP, seed, repetitionPenalty } = settings;
  return {
    temperature,
    top_k: topK > 0 ? topK : null,
    top_p: topP < 1 ? topP : null,
    seed,
    repetition_penalty: repetitionPenalty
  };
}

/** How many answers the settings have Run make: greedily all would be the same. */
export function countOf({ temperature, samples }: ISettings): number {
  return temperature > 0 ? samples : 1;
}

/** Whether a run's answer was generated as the settings say. */
export function isOfSettings(run: IRunRequest, settings: ISettings): boolean {
  return (
    run.forcedAnswer === undefined &&
    (run.chat ?? 'auto') === settings.chat &&
    (run.thinking ?? false) === settings.thinking &&
    isSameStops(run.stop, settings.stop) &&
    (run.sampling.repetition_penalty ?? 1) === settings.repetitionPenalty
  );
}

/** Take what is valid of settings that may have been written by hand. */
export function readSettings(
  raw: Readonly<Record<string, unknown>>
): ISettings {
  const one = <T>(all: readonly T[], value: unknown, otherwise: T): T =>
    all.find(item => item === value) ?? otherwise;
  const number = (
    value: unknown,
    low: number,
    otherwise: number,
    high = Infinity
  ) =>
    typeof value === 'number' && value >= low
      ? Math.min(high, value)
      : otherwise;
  const whole = (value: unknown, otherwise: number, high: number) =>
    Math.round(number(value, 0, otherwise, high));
  const d = DEFAULT_SETTINGS;
  return {
    granularity: one(GRANULARITIES, raw.granularity, d.granularity),
    pattern: typeof raw.pattern === 'string' ? raw.pattern : d.pattern,
    method: one(METHOD_NAMES, raw.method, d.method),
    aggregation: one(AGGREGATIONS, raw.aggregation, d.aggregation),
    intensity: number(raw.intensity, 0, d.intensity, 1),
    emphasis: one(['shade', 'underline'], raw.emphasis, d.emphasis),
    density: one(['comfortable', 'compact'], raw.density, d.density),
    hideTemplate: one([true, false], raw.hideTemplate, d.hideTemplate),
    surprisal: one([true, false], raw.surprisal, d.surprisal),
    ablationMode: one(['remove', 'mask'], raw.ablationMode, d.ablationMode),
    chat: one(['auto', 'on', 'off'], raw.chat, d.chat),
    thinking: one([true, false], raw.thinking, d.thinking),
    maxNewTokens: Math.round(number(raw.maxNewTokens, 1, d.maxNewTokens)),
    stop: readStops(raw.stop),
    temperature: number(raw.temperature, 0, d.temperature, MAX_TEMPERATURE),
    repetitionPenalty: number(
      raw.repetitionPenalty,
      1,
      d.repetitionPenalty,
      MAX_REPETITION_PENALTY
    ),
    topK: whole(raw.topK, d.topK, MAX_TOP_K),
    // Zero would leave no token to choose from.
    topP: raw.topP === 0 ? d.topP : number(raw.topP, 0, d.topP, 1),
    seed: whole(raw.seed, d.seed, MAX_SEED),
    samples: Math.round(number(raw.samples, 1, d.samples, MAX_SAMPLES))
  };
}

/**
 * JupyterLab's values. What the user set under the name that a setting had in
 * version 0.1.0 counts until it is set under its present one.
 */
function valuesOf({
  composite,
  user
}: Pick<ISettingRegistry.ISettings, 'composite' | 'user'>) {
  const { surprise, ...values } = composite;
  return surprise === undefined || user.surprisal !== undefined
    ? values
    : { ...values, surprisal: surprise };
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
    session.settings = readSettings({
      ...(kept && valuesOf(kept)),
      ...unsaved
    });
  };
  const save = async () => {
    const changes = unsaved;
    for (const [name, value] of Object.entries(changes)) {
      await kept?.set(name, typeof value === 'object' ? [...value] : value);
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
