import { MIN_HELD_OUT, MIN_RANDOM, numFitted } from '../salience';
import type { IEffectTable } from '../salience';
import { HELD_OUT, MORE_SAMPLES, SAMPLES } from './effectSegments';
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
  const random = numFitted(table);
  return [
    true,
    heldOut >= MIN_HELD_OUT,
    heldOut >= HELD_OUT,
    random >= MIN_RANDOM,
    random >= SAMPLES,
    random >= MORE_SAMPLES
  ].filter(Boolean).length;
}
