/** What deleting two segments together does, held against each of the two alone. */
import { effectsOn, targetLogprob } from './effects';
import type { IEffect, IEffectTable } from './effects';
import type { TokenSpan } from './token';

/** How many segments are tried in pairs. */
export const NUM_PAIRED = 5;

/** What deleting two segments together does to a target. */
export interface IPairEffect {
  /** The segments, in order. */
  readonly pair: readonly [number, number];
  /** Of deleting both. */
  readonly both: IEffect;
  /** What the effects of the two alone add up to. */
  readonly added: IEffect;
  /**
   * By how much more deleting both lowers the target's log-probability than the two
   * add up to, in nats; negative: less.
   */
  readonly more: number;
}

/**
 * The effects of the pairs that are scored.
 *
 * @param numSegments - of prompt and answer.
 * @param target - tokens of the answer, counted from its first.
 */
export function pairEffects(
  table: IEffectTable,
  numSegments: number,
  target: TokenSpan
): IPairEffect[] {
  const alone = effectsOn(table, numSegments, target);
  const count = target[1] - target[0];
  return table.chosen.flatMap((set): IPairEffect[] => {
    const [first, second, ...more] = set.removed;
    const [one, other] = [alone[first], alone[second]];
    const logprob = targetLogprob(set, target);
    if (!one || !other || more.length > 0 || logprob === null) {
      return [];
    }
    const { whole } = one;
    const from = Math.log(whole) * count;
    const sum = one.delta + other.delta;
    const effect = (delta: number): IEffect => ({
      delta,
      whole,
      // Two effects may add up to more than is left.
      without: Math.min(1, Math.exp((from - delta) / count))
    });
    const both = effect(from - logprob);
    const added = effect(sum);
    return [
      { pair: [first, second], both, added, more: both.delta - added.delta }
    ];
  });
}

/**
 * The pairs to try: those of the segments that matter most, alone or over random
 * deletions. Where two segments say the same, neither has an effect alone.
 *
 * @param alone - each segment's effect, in nats.
 * @param fitted - each segment's weight in a fit to random deletions; null: unknown.
 */
export function pairsToTry(
  alone: readonly number[],
  fitted: readonly number[] | null
): [number, number][] {
  const bySize = (sizes: readonly number[]) =>
    sizes
      .map((size, index) => ({ size: Math.abs(size), index }))
      .filter(({ size }) => size > 0)
      .sort((a, b) => b.size - a.size)
      .map(({ index }) => index);
  const [first, second] = [bySize(alone), bySize(fitted ?? [])];
  const chosen = new Set<number>();
  for (let i = 0; i < alone.length && chosen.size < NUM_PAIRED; i++) {
    for (const index of [first[i], second[i]]) {
      if (index !== undefined && chosen.size < NUM_PAIRED) {
        chosen.add(index);
      }
    }
  }
  const all = [...chosen].sort((a, b) => a - b);
  return all.flatMap((one, i) =>
    all.slice(i + 1).map((other): [number, number] => [one, other])
  );
}
