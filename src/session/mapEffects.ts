/** What a map shows of effects. */
import type { IEffect, Reliability } from '../salience';

/** What the shades and the ranks of a map follow. */
export type ShadeBy = 'share' | 'effect';

/** The effects on a map's target. */
export interface IMapEffects {
  /** What the shades and the ranks follow. */
  readonly by: ShadeBy;
  /** For each of the map's segments; null: it has none. */
  readonly all: readonly (IEffect | null)[];
  /** ContextCite's weights of the same segments, in nats; null: too few sets are scored. */
  readonly fitted: readonly (number | null)[] | null;
  /** By the size of the effect, from 1; null for those without. */
  readonly ranks: readonly (number | null)[];
  /** By share, from 1, as in the map without effects. */
  readonly shareRanks: readonly (number | null)[];
  /** The size of the largest, in nats. */
  readonly largest: number;
  /** How well what the shades follow predicts effects; null if unknown. */
  readonly reliability: Reliability | null;
  /** Of a long prompt: what wasn't looked into; absent: each segment has an effect. */
  readonly unlooked?: IUnlooked;
}

/** The sentences of a long prompt that weren't deleted one by one. */
export interface IUnlooked {
  /** For each of the map's segments, the passage that it is in; null: it was looked into. */
  readonly passages: readonly (IPassageEffect | null)[];
  /** Whether each passage is a paragraph. */
  readonly areParagraphs: boolean;
  /** How many sentences of the prompt were looked into. */
  readonly numLooked: number;
}

/** The effect of a whole passage. */
export interface IPassageEffect extends IEffect {
  /** Whether it is too little for its sentences to matter to this target. */
  readonly isSmall: boolean;
}
