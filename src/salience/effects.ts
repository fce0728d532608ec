/**
 * Effects: what deleting segments of the prompt does to the answer's probability, for
 * any target, from one table of scores.
 */
import { spearman } from './agreement';
import { fitLasso } from './lasso';
import type { TokenSpan } from './token';

/** Scores of some sets of deleted segments, as the service sends and the history stores them. */
export interface IScoredSets {
  /**
   * `one`: at most one segment is deleted; `chosen`: those that were asked for, such
   * as pairs; the others: about half of the prompt's.
   */
  readonly kind: 'one' | 'held_out' | 'random' | 'chosen';
  /** Index of the first of these sets among all; chosen sets are counted apart. */
  readonly first: number;
  /** Number of all sets, likewise. */
  readonly total: number;
  /** For each set, the deleted segments: the prompt's are counted first, then the answer's. */
  readonly removed: readonly (readonly number[])[];
  /** For each set, the answer's log-probabilities; null for tokens that are deleted. */
  readonly logprobs: readonly (readonly (number | null)[])[];
  /** What they were computed in; absent if an earlier version didn't say. */
  readonly precision?: 'float32' | 'bfloat16' | 'float16' | null;
  /** See `IScoredSet`. */
  readonly difference?: number | null;
}

/** One set of deleted segments. */
export interface IScoredSet {
  readonly kind: IScoredSets['kind'];
  readonly removed: readonly number[];
  readonly logprobs: readonly (number | null)[];
  readonly precision?: IScoredSets['precision'];
  /**
   * If a model in float32 had this computed in half precision: the largest difference of a
   * token's log-probability between the two, in nats, as far as it was checked. Else null.
   */
  readonly difference: number | null;
}

/** The sets that are known, from the first without a gap, all of one precision. */
export interface IEffectTable {
  readonly sets: readonly IScoredSet[];
  /** The number of all sets, known or not; 0 before any is known. */
  readonly total: number;
  /** Sets that were asked for. */
  readonly chosen: readonly IScoredSet[];
}

/** What deleting one segment does to a target. */
export interface IEffect {
  /** By how much the target's log-probability falls, in nats; negative: it rises. */
  readonly delta: number;
  /** The target's probability per token (geometric mean) with the segment. */
  readonly whole: number;
  /** The same without it. */
  readonly without: number;
}

/** How well a map predicts what deleting segments does. */
export type Reliability = 'good' | 'fair' | 'weak';

/** A table without sets. */
export const NO_EFFECTS: IEffectTable = { sets: [], total: 0, chosen: [] };

/** With fewer held-out sets, a correlation says little. */
export const MIN_HELD_OUT = 8;

/** With fewer random sets, a fit says little. */
export const MIN_RANDOM = 16;

/** Random sets come sorted in blocks of so many: a part of a block is no random sample. */
const BLOCK = 16;

/** ContextCite's weight of the penalty. */
const ALPHA = 0.01;

/** The log-probability nearest to 0: float32 knows none between this and 0. */
const CERTAIN = -(2 ** -24);

/**
 * Put sets together, also those of jobs that continue each other.
 *
 * @param known - what is known already.
 * @param events - in any order and of one precision; sets that are known are ignored.
 */
export function mergeEffects(
  known: IEffectTable,
  events: readonly IScoredSets[]
): IEffectTable {
  const found = new Map<number, IScoredSet>();
  const chosen = new Map(known.chosen.map(set => [keyOf(set.removed), set]));
  let { total } = known;
  for (const event of events) {
    const { kind, first, removed, logprobs, precision } = event;
    if (kind !== 'chosen') {
      total = Math.max(total, event.total);
    }
    const { difference = null } = event;
    removed.forEach((indices, i) => {
      const set: IScoredSet = {
        kind,
        removed: indices,
        logprobs: logprobs[i],
        precision,
        difference
      };
      const key = keyOf(indices);
      if (kind !== 'chosen') {
        found.set(first + i, set);
      } else if (!chosen.has(key)) {
        chosen.set(key, set);
      }
    });
  }
  const sets = [...known.sets];
  for (let next = found.get(sets.length); next; next = found.get(sets.length)) {
    sets.push(next);
  }
  return sets.length === known.sets.length &&
    total === known.total &&
    chosen.size === known.chosen.length
    ? known
    : { sets, total, chosen: [...chosen.values()] };
}

/**
 * The largest known difference of a table's scores from float32, per token in nats; null if
 * none were computed in half precision.
 */
export function differenceOf({ sets, chosen }: IEffectTable): number | null {
  return [...sets, ...chosen].reduce<number | null>(
    (most, { difference }) =>
      difference === null ? most : Math.max(most ?? 0, difference),
    null
  );
}

function keyOf(removed: readonly number[]): string {
  return removed.join();
}

/** How many random sets a fit uses: whole blocks. */
export function numFitted({ sets }: Pick<IEffectTable, 'sets'>): number {
  const count = sets.filter(({ kind }) => kind === 'random').length;
  return count - (count % BLOCK);
}

/**
 * What deleting each segment does to a target.
 *
 * @param numSegments - of prompt and answer.
 * @param target - tokens of the answer, counted from its first.
 * @returns null for a segment that isn't scored yet, or overlaps the target.
 */
export function effectsOn(
  { sets }: IEffectTable,
  numSegments: number,
  target: TokenSpan
): (IEffect | null)[] {
  const effects = new Array<IEffect | null>(numSegments).fill(null);
  const whole = sets.length > 0 ? targetLogprob(sets[0], target) : null;
  if (whole === null || sets[0].removed.length > 0) {
    return effects;
  }
  const count = target[1] - target[0];
  for (const set of sets) {
    const [index] = set.removed;
    if (set.kind !== 'one' || set.removed.length !== 1) {
      continue;
    }
    const without = targetLogprob(set, target);
    if (without !== null && index < numSegments) {
      effects[index] = {
        delta: whole - without,
        whole: Math.exp(whole / count),
        without: Math.exp(without / count)
      };
    }
  }
  return effects;
}

/**
 * ContextCite's weights (Cohen-Wang et al. 2024, arXiv 2409.00729): a sparse linear
 * model of the target's logit, fitted to the random sets.
 *
 * @param numSegments - of the prompt.
 * @returns one for each, in nats; null with too few sets.
 */
export function contextCite(
  table: IEffectTable,
  numSegments: number,
  target: TokenSpan
): number[] | null {
  const count = target[1] - target[0];
  const random = table.sets.filter(({ kind }) => kind === 'random');
  const rows = random.slice(0, numFitted(table)).flatMap(set => {
    const value = logitOf(set, target);
    return value === null
      ? []
      : [{ kept: keptOf(set, numSegments), value: value / count }];
  });
  if (rows.length < MIN_RANDOM) {
    return null;
  }
  const weights = fitLasso(
    rows.map(({ kept }) => kept.map(Number)),
    rows.map(({ value }) => value),
    ALPHA
  );
  return weights.map(weight => weight * count);
}

/**
 * How well a map predicts what deleting about half of the prompt's segments does: the
 * rank correlation between the scores that stay and the target's logit.
 *
 * @param scores - of the prompt's segments, the highest for what most makes the
 *   target likely.
 * @returns null with too few held-out sets, or if nothing varies.
 */
export function reliability(
  { sets }: IEffectTable,
  scores: readonly number[],
  target: TokenSpan
): Reliability | null {
  const predicted: number[] = [];
  const measured: number[] = [];
  for (const set of sets) {
    const value = set.kind === 'held_out' ? logitOf(set, target) : null;
    if (value !== null) {
      const kept = keptOf(set, scores.length);
      predicted.push(scores.reduce((sum, s, i) => sum + (kept[i] ? s : 0), 0));
      measured.push(value);
    }
  }
  const found =
    measured.length < MIN_HELD_OUT ? null : spearman(predicted, measured);
  if (found === null) {
    return null;
  }
  return found >= 0.8 ? 'good' : found >= 0.5 ? 'fair' : 'weak';
}

/** Which segments a set leaves in the prompt. */
function keptOf(set: IScoredSet, numSegments: number): boolean[] {
  const kept = new Array<boolean>(numSegments).fill(true);
  for (const index of set.removed) {
    if (index < numSegments) {
      kept[index] = false;
    }
  }
  return kept;
}

/** The target's log-probability; null if a token of it is deleted. */
export function targetLogprob(
  { logprobs }: IScoredSet,
  [start, end]: TokenSpan
): number | null {
  let sum = 0;
  for (let i = start; i < end; i++) {
    const logprob = logprobs[i] ?? null;
    if (logprob === null) {
      return null;
    }
    sum += logprob;
  }
  return end > start ? sum : null;
}

/** log p − log(1 − p) of the target. */
function logitOf(set: IScoredSet, target: TokenSpan): number | null {
  const logprob = targetLogprob(set, target);
  if (logprob === null) {
    return null;
  }
  const sure = Math.min(CERTAIN, logprob);
  return sure - Math.log(-Math.expm1(sure));
}
