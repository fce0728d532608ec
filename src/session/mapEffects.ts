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
  /** For each of the map's segments; null: it has none. */
  readonly all: readonly (IEffect | null)[];
  /**
   * Average effects: ContextCite's weights of the same segments, in nats; null: too
   * few random sets are scored.
   */
  readonly fitted: readonly (number | null)[] | null;
  /** How many random sets they are fitted to. */
  readonly numFitted: number;
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
}
