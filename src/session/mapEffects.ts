/** What a map shows of effects. */
import type { IEffect, IPairEffect, Reliability } from '../salience';

/** What the shades and the ranks of a map follow. */
export type ShadeBy = 'share' | 'effect' | 'average';

/** All of them. */
export const SHADES: readonly ShadeBy[] = ['share', 'effect', 'average'];

/** The effects on a map's target. */
export interface IMapEffects {
  /** What the shades and the ranks follow. */
  readonly by: ShadeBy;
  /** The level that the segments are of: where passages come first, 0 is theirs. */
  readonly level: number;
  /** For each of the map's segments; null: it has none. */
  readonly all: readonly (IEffect | null)[];
  /**
   * Average effects: ContextCite's weights of the same segments, in nats; null: too
   * few random sets are scored.
   */
  readonly fitted: readonly (number | null)[] | null;
  /** How many random sets they are fitted to. */
  readonly numFitted: number;
  /** How many of these are usual. */
  readonly numUsual: number;
  /** By the size of the effect, from 1; null for those without. */
  readonly ranks: readonly (number | null)[];
  /** By share, from 1, as in the map without effects. */
  readonly shareRanks: readonly (number | null)[];
  /** The size of the largest effect, in nats. */
  readonly largest: number;
  /** How well what the shades follow predicts effects; null if unknown. */
  readonly reliability: Reliability | null;
  /** Pairs of the map's segments that were tried together, by their indices in it. */
  readonly pairs: readonly IPairEffect[];
  /** Of a long prompt: what wasn't looked into; absent: each segment has an effect. */
  readonly unlooked?: IUnlooked;
}

/** The passage of a map's segment that wasn't looked into; null: it was, or can't be. */
export function unlookedOf(
  { effects }: { readonly effects?: IMapEffects },
  index: number | null
): IPassageEffect | null {
  return (index !== null && effects?.unlooked?.passages[index]) || null;
}

/** The sentences of a long prompt that weren't deleted one by one. */
export interface IUnlooked {
  /** For each of the map's segments, the passage that it is in; null: it was looked into. */
  readonly passages: readonly (IPassageEffect | null)[];
  /** How many sentences of the prompt were looked into. */
  readonly numLooked: number;
}

/** The effect of a whole passage. */
export interface IPassageEffect extends IEffect {
  /** Whether it is too little for its sentences to matter to this target. */
  readonly isSmall: boolean;
  readonly isParagraph: boolean;
}
