/** Which passages of a long prompt are worth a look at their sentences. */
import { contextCite, effectsOn, targetLogprob } from './effects';
import type { IEffectTable } from './effects';
import type { TokenSpan } from './token';

/** A passage matters if its effect is this part of the largest. */
export const MATTERS = 0.1;

/**
 * Or if its weight, for the target, is this part of the largest: a weight also finds
 * passages that say the same, of which none has an effect alone. Few random sets
 * determine small weights, and negative ones, by chance.
 */
const WEIGHS = 0.5;

/** The sizes below which an effect is hardly one, in nats per token of the target. */
export const FAINT_EFFECT = 0.01;

/**
 * The size from which an effect on a target counts, in nats.
 *
 * @param largest - the size of the largest effect on the target.
 */
export function leastEffect(largest: number, target: TokenSpan): number {
  return Math.max(
    MATTERS * largest,
    FAINT_EFFECT * Math.max(1, target[1] - target[0])
  );
}

/**
 * How much each passage matters to some target: 1 is the most that any does, 0 too little.
 *
 * @param table - of sets of deleted passages.
 * @param targets - tokens of the answer, counted from its first.
 * @returns one number for each passage.
 */
export function relevance(
  table: IEffectTable,
  numPassages: number,
  targets: readonly TokenSpan[]
): number[] {
  const found = new Array<number>(numPassages).fill(0);
  const raise = (i: number, to: number) => {
    found[i] = Math.max(found[i], to);
  };
  for (const target of targets) {
    const effects = effectsOn(table, numPassages, target);
    const sizes = effects.map(effect => Math.abs(effect?.delta ?? 0));
    const largest = maxOf(sizes);
    const least = leastEffect(largest, target);
    sizes.forEach((size, i) => {
      if (size >= least) {
        raise(i, size / largest);
      }
    });
    if (!changes(table, target, leastEffect(0, target))) {
      continue;
    }
    const weights = contextCite(table, numPassages, target) ?? [];
    const heaviest = maxOf(weights);
    weights.forEach((weight, i) => {
      if (heaviest > 0 && weight >= WEIGHS * heaviest) {
        // Where the budget is short, measured effects go first.
        raise(i, (weight / heaviest) * WEIGHS);
      }
    });
  }
  return found;
}

/** Whether some random set makes a target less likely by so many nats. */
function changes(
  table: IEffectTable,
  target: TokenSpan,
  least: number
): boolean {
  const [first] = table.sets;
  const whole = first ? targetLogprob(first, target) : null;
  return table.sets.some(set => {
    const logprob = set.kind === 'random' ? targetLogprob(set, target) : null;
    return whole !== null && logprob !== null && whole - logprob >= least;
  });
}

function maxOf(values: readonly number[]): number {
  return values.reduce((max, value) => Math.max(max, value), 0);
}
