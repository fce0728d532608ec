/** The effects that a map shows. */
import type { IEffect, IPairEffect, Reliability } from '../salience';

/** What the shades and the ranks of a map follow. */
export type ShadeBy = 'share' | 'effect' | 'average';

/** All of them. */
export const SHADES: readonly ShadeBy[] = ['share', 'effect', 'average'];

/** The effects on a map's target. */
export interface IMapEffects {
  /** What the shades and the ranks follow. */
  readonly by: ShadeBy;
  /** Index of the plan's level that the segments belong to. If passages come first, 0 is the passages' level. */
  readonly level: number;
  /** The effect of each of the map's segments; null if it has none. */
  readonly all: readonly (IEffect | null)[];
  /**
   * Average effects: ContextCite's weights of the same segments, in nats; null if too few
   * random sets are scored.
   */
  readonly fitted: readonly (number | null)[] | null;
  /** The number of random sets that the averages are fitted to. */
  readonly numFitted: number;
  /** The usual number of these sets. */
  readonly numUsual: number;
  /** Ranks by the size of the effect, from 1; null for segments without an effect. */
  readonly ranks: readonly (number | null)[];
  /** Ranks by share, from 1, as in the map without effects. */
  readonly shareRanks: readonly (number | null)[];
  /** The size of the largest effect, in nats. */
  readonly largest: number;
  /** How well the values that the shades follow predict effects; null if unknown. */
  readonly reliability: Reliability | null;
  /** See `differenceOf`. */
  readonly difference: number | null;
  /** The pairs of the map's segments that were deleted together, by their indices in the map. */
  readonly pairs: readonly IPairEffect[];
  /** For a long prompt, the sentences without effects of their own; absent if each segment has one. */
  readonly unlooked?: IUnlooked;
}

/** The passage of a map's segment, if the segment wasn't deleted alone but could be; else null. */
export function unlookedOf(
  { effects }: { readonly effects?: IMapEffects },
  index: number | null
): IPassageEffect | null {
  return (index !== null && effects?.unlooked?.passages[index]) || null;
}

/** The sentences of a long prompt that weren't deleted one by one. */
export interface IUnlooked {
  /** For each of the map's segments, its passage; null if the segment was deleted alone. */
  readonly passages: readonly (IPassageEffect | null)[];
  /** The number of the prompt's sentences that were deleted one by one. */
  readonly numLooked: number;
}

/** The effect of a whole passage. */
export interface IPassageEffect extends IEffect {
  /** Whether the effect is too small for the passage's sentences to matter to this target. */
  readonly isSmall: boolean;
  readonly isParagraph: boolean;
}
