/** A target's scores and its map, by each method. */
import type { TokenSpan } from '../salience';
import type { IFoil } from './contrast';
import type { DemandedScores } from './demand';
import { mapOf } from './map';
import type { IShownMap } from './map';
import { METHODS, scoresTokens } from './methods';
import type { MapMethod } from './methods';
import type { IText } from './runText';
import type { IDemand, RunScores } from './runscores';
import type { ISettings } from './settings';

/** The inputs of a target's maps. */
export interface IExplained {
  readonly text: IText | null;
  readonly target: TokenSpan | null;
  /** The foil of a contrastive target, or null. */
  readonly foil: IFoil | null;
  /** The part of the text that maps cover; null: all of it. */
  readonly within: TokenSpan | null;
  /** The scores of the run; null before its answer is complete. */
  readonly computed: RunScores | null;
  readonly settings: ISettings;
}

/** Whether a method computes the target's scores without a request. */
export function isAutomatic(
  { foil }: Pick<IExplained, 'foil'>,
  method: MapMethod
): boolean {
  return METHODS[method].isAutomatic && foil === null;
}

/** The computation that a method needs for the target. */
export function demandBy(
  { text, target, foil, computed, settings }: IExplained,
  method: MapMethod
): IDemand | null {
  return text && target && computed
    ? computed.demand(method, text, target, settings, foil?.ids ?? null)
    : null;
}

/** The target's scores by a method; null until they are computed. */
export function scoresBy(
  explained: IExplained,
  method: MapMethod
): readonly number[] | DemandedScores {
  const { target, computed } = explained;
  if (scoresTokens(method) && isAutomatic(explained, method)) {
    return target && (computed?.automatic.get(target, method) ?? null);
  }
  return demandBy(explained, method)?.computation?.result ?? null;
}

/** The target's map by a method; null until its scores are computed. */
export function mapBy(
  explained: IExplained,
  method: MapMethod
): IShownMap | null {
  const { text, target, within, settings } = explained;
  const scores = scoresBy(explained, method);
  return text && target && scores
    ? mapOf(text, scores, target, { ...settings, method, within })
    : null;
}
