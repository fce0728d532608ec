import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import type { AblationMode, ChatMode, Sampling } from '../api';
import { AGGREGATIONS, GRANULARITIES, LINE_JOININGS } from '../salience';
import type { Aggregation, Granularity, LineJoining } from '../salience';
import { SHADES } from './mapEffects';
import type { ShadeBy } from './mapEffects';
import { METHOD_NAMES } from './methods';
import type { MapMethod } from './methods';
import type { IRunRequest } from './run';
import { isSameStops, readStops } from './stop';

/** How a map is shown without relying on colour alone. */
export type Emphasis = 'shade' | 'underline';

/** How close the lines of the text are. */
export type Density = 'comfortable' | 'compact';

/** The user's settings, which JupyterLab stores. */
export interface ISettings {
  readonly granularity: Granularity;
  /** The regular expression that ends segments of granularity `custom`. */
  readonly pattern: string;
  /** Whether sentences run across lines that were wrapped by hand. */
  readonly joinLines: LineJoining;
  readonly method: MapMethod;
  readonly aggregation: Aggregation;
  /** Of colours, 0 to 1; see `intensityExponent`. */
  readonly intensity: number;
  readonly emphasis: Emphasis;
  readonly density: Density;
  /** Whether to hide control tokens that structure a conversation. */
  readonly hideTemplate: boolean;
  /** Whether to mark each token of the answer by its surprisal. */
  readonly surprisal: boolean;
  /** What ablation methods put in the place of a segment. */
  readonly ablationMode: AblationMode;
  /** How many sets of segments LIME and SHAP try: as many as they need, or as LIT does. */
  readonly ablationSets: 'needed' | 'lit';
  /** What the shades follow, once effects are there. */
  readonly shadeBy: ShadeBy;
  /** Whether a complete answer's last sentence becomes the target at once. */
  readonly explainAnswer: boolean;
  /** Seconds that effects may take without a click; 0: they need one. */
  readonly effectsSeconds: number;
  /** Whether effects are computed in float32, even if half precision is faster and agrees with it. */
  readonly exactEffects: boolean;
  /** Whether to put prompts into their model's chat format. */
  readonly chat: ChatMode;
  /** Whether models think before they answer, if they can. */
  readonly thinking: boolean;
  readonly maxNewTokens: number;
  /** Texts that end an answer. */
  readonly stop: readonly string[];
  /** Of the answer's sampling; 0: always the most likely token. */
  readonly temperature: number;
  /** Penalty for tokens that prompt or answer already contain; 1: none. */
  readonly repetitionPenalty: number;
  /** Sample among this many tokens; 0: among all. */
  readonly topK: number;
  /** Sample among the most likely tokens that add up to this probability; 1: among all. */
  readonly topP: number;
  readonly seed: number;
  /** How many answers a run generates, each with the next seed; one if answers are greedy. */
  readonly samples: number;
}

/** Also the defaults in schema/panel.json. */
export const DEFAULT_SETTINGS: ISettings = {
  granularity: 'sentences',
  pattern: '[,;:.]\\s|\\n',
  joinLines: 'auto',
  method: 'grad_l2',
  aggregation: 'squares',
  intensity: 0.6,
  emphasis: 'shade',
  density: 'comfortable',
  hideTemplate: false,
  surprisal: false,
  ablationMode: 'remove',
  ablationSets: 'needed',
  shadeBy: 'effect',
  explainAnswer: true,
  effectsSeconds: 20,
  exactEffects: false,
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

/** The largest values that the server accepts. */
export const MAX_TEMPERATURE = 10;
export const MAX_REPETITION_PENALTY = 2;
export const MAX_TOP_K = 262_144;
export const MAX_SEED = 2 ** 31 - 1;

/** The most seconds that effects may take without a click. */
export const MAX_EFFECTS_SECONDS = 3600;

/** The most answers of one run. */
export const MAX_SAMPLES = 8;

/** The settings of sampling, as a request contains them. */
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

/** How many answers a run generates: greedy ones would all be the same. */
export function countOf({ temperature, samples }: ISettings): number {
  return temperature > 0 ? samples : 1;
}

/** Whether the settings would generate a run's answer in the same way. */
export function isOfSettings(run: IRunRequest, settings: ISettings): boolean {
  return (
    run.forcedAnswer === undefined &&
    (run.chat ?? 'auto') === settings.chat &&
    (run.thinking ?? false) === settings.thinking &&
    isSameStops(run.stop, settings.stop) &&
    (run.sampling.repetition_penalty ?? 1) === settings.repetitionPenalty
  );
}

/** Take what is valid of settings that the user may have edited as JSON. */
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
    joinLines: one(LINE_JOININGS, raw.joinLines, d.joinLines),
    method: one(METHOD_NAMES, raw.method, d.method),
    aggregation: one(AGGREGATIONS, raw.aggregation, d.aggregation),
    intensity: number(raw.intensity, 0, d.intensity, 1),
    emphasis: one(['shade', 'underline'], raw.emphasis, d.emphasis),
    density: one(['comfortable', 'compact'], raw.density, d.density),
    hideTemplate: one([true, false], raw.hideTemplate, d.hideTemplate),
    surprisal: one([true, false], raw.surprisal, d.surprisal),
    ablationMode: one(['remove', 'mask'], raw.ablationMode, d.ablationMode),
    ablationSets: one(['needed', 'lit'], raw.ablationSets, d.ablationSets),
    shadeBy: one(SHADES, raw.shadeBy, d.shadeBy),
    explainAnswer: one([true, false], raw.explainAnswer, d.explainAnswer),
    effectsSeconds: number(
      raw.effectsSeconds,
      0,
      d.effectsSeconds,
      MAX_EFFECTS_SECONDS
    ),
    exactEffects: one([true, false], raw.exactEffects, d.exactEffects),
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
 * JupyterLab's values. A value under a setting's name in version 0.1.0 counts until
 * the user sets it under its present name.
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
 * Store a session's settings in JupyterLab's, if there are any.
 *
 * @returns a function that changes them.
 */
export function keepSettings(
  session: { settings: ISettings },
  registry: ISettingRegistry | null,
  plugin: string
): (settings: Partial<ISettings>) => void {
  let kept: ISettingRegistry.ISettings | null = null;
  /** Changed here, but not saved yet. */
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
    // Changes during the request are still to be saved.
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
    // A slider emits many values while it moves.
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      save().catch(reason => {
        console.warn('LIT Lab: settings could not be saved', reason);
      });
    }, 400);
  };
}
