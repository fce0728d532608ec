import { MIN_HELD_OUT, MIN_RANDOM, numFitted } from '../salience';
import type { IEffectTable } from '../salience';
import { HELD_OUT } from './effectSegments';
import type { IEffectSegments } from './effectSegments';

/**
 * How much of a table maps can show: nothing, effects, a reliability, a fit, and better
 * ones. Between two stages, more sets change no map.
 */
export function stageOf(
  table: IEffectTable,
  { spans }: IEffectSegments
): number {
  const { sets } = table;
  const count = (kind: string) => sets.filter(set => set.kind === kind).length;
  if (count('one') <= spans.length) {
    return 0;
  }
  const heldOut = count('held_out');
  const levels = [MIN_HELD_OUT, HELD_OUT].filter(level => heldOut >= level);
  return 1 + levels.length + numFitted(table) / MIN_RANDOM;
}
