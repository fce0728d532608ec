/** A fake of the jobs that compute effects, for specs. */
import type { EffectsEvent, RunRecord } from '../api';
import { effectSegments, keptEffects } from './effectSegments';
import type { FakeJob } from './fakeJob';

/**
 * Score sets of deleted segments, from where the job's request begins.
 *
 * @param costs - what the nth segment's deletion costs each token that is left, in nats.
 * @param count - how many sets.
 * @param together - what deleting the first and the fourth segment costs more than both
 *   alone, in nats.
 * @param half - the difference from float32 of what a job computes that doesn't request float32; null:
 *   it computes in that, too.
 */
export function sendEffects(
  job: FakeJob,
  costs: readonly number[],
  count = Infinity,
  together = 0,
  half: number | null = null
): void {
  const { request } = job;
  if (request.kind !== 'effects') {
    throw new Error('no effects job');
  }
  const { segments, answer_segments: answer = [], skip = 0 } = request;
  const { held_out: heldOut = 0, samples = 0, ids, answer_start } = request;
  const { chosen = [] } = request;
  const difference = request.precision === 'float32' ? null : half;
  const ones = 1 + segments.length + answer.length;
  const total = chosen.length || ones + heldOut + samples;
  const events: EffectsEvent[] = [];
  for (let i = skip; i < Math.min(total, skip + count); i++) {
    // The last segment first; then sets that a number's bits choose.
    const removed =
      chosen.length > 0
        ? chosen[i]
        : i < ones
          ? [ones - 1 - i].slice(0, i)
          : segments.map((_, n) => n).filter(n => (i * 7 + 3) & (1 << n));
    const gone = removed.map(n => answer[n - segments.length]);
    const isBoth = removed.includes(0) && removed.includes(3);
    const cost = removed.reduce(
      (sum, n) => sum + (costs[n] ?? 0),
      isBoth ? together : 0
    );
    const row = ids.slice(answer_start).map((_, token) => {
      const at = answer_start + token;
      const isGone = gone.some(s => s && s.start <= at && at < s.end);
      return isGone ? null : -0.1 - cost;
    });
    const kind =
      chosen.length > 0
        ? 'chosen'
        : i < ones
          ? 'one'
          : i < ones + heldOut
            ? 'held_out'
            : 'random';
    const last = events[events.length - 1];
    if (last?.kind === kind) {
      last.removed.push(removed);
      last.logprobs.push(row);
    } else {
      events.push({
        event: 'effects',
        kind,
        first: i,
        total,
        removed: [removed],
        logprobs: [row],
        precision: difference === null ? 'float32' : 'bfloat16',
        difference
      });
    }
  }
  job.send(...events);
}

/**
 * A run with effects.
 *
 * @param costs - what the nth sentence's deletion costs each token that is left, in nats.
 */
export function withKeptEffects(
  run: RunRecord,
  costs: readonly number[]
): RunRecord {
  const { prompt, prompt_tokens: promptTokens, answer_tokens } = run;
  const segments = effectSegments({
    prompt,
    promptTokens,
    answerTokens: answer_tokens
  })!;
  const { spans, seam } = segments;
  // The prompt as it is, then each segment alone, the last first.
  const sets = [-1, ...[...spans.keys()].reverse()];
  return {
    ...run,
    effects: keptEffects(segments, {
      chosen: [],
      total: sets.length,
      sets: sets.map(index => ({
        kind: 'one',
        removed: index < 0 ? [] : [index],
        logprobs: answer_tokens.map((_, i) => {
          const isGone =
            index >= 0 &&
            spans[index][0] <= i + seam &&
            i + seam < spans[index][1];
          return isGone ? null : Math.fround(-0.1 - (costs[index] ?? 0));
        }),
        difference: null
      }))
    })
  };
}
