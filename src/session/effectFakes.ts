/** A fake of the jobs that compute effects, for specs. */
import type { EffectsEvent } from '../api';
import type { FakeJob } from './fakes';

/**
 * Score sets of deleted segments, from where the job's request begins.
 *
 * @param costs - what the nth segment's deletion costs each token that is left, in nats.
 * @param count - how many sets.
 */
export function sendEffects(
  job: FakeJob,
  costs: readonly number[],
  count = Infinity
): void {
  const { request } = job;
  if (request.kind !== 'effects') {
    throw new Error('no effects job');
  }
  const { segments, answer_segments: answer = [], skip = 0 } = request;
  const { held_out: heldOut = 0, samples = 0, ids, answer_start } = request;
  const ones = 1 + segments.length + answer.length;
  const total = ones + heldOut + samples;
  const events: EffectsEvent[] = [];
  for (let i = skip; i < Math.min(total, skip + count); i++) {
    // The last segment first; then sets that a number's bits choose.
    const removed =
      i < ones
        ? [ones - 1 - i].slice(0, i)
        : segments.map((_, n) => n).filter(n => (i * 7 + 3) & (1 << n));
    const gone = removed.map(n => answer[n - segments.length]);
    const cost = removed.reduce((sum, n) => sum + (costs[n] ?? 0), 0);
    const row = ids.slice(answer_start).map((_, token) => {
      const at = answer_start + token;
      const isGone = gone.some(s => s && s.start <= at && at < s.end);
      return isGone ? null : -0.1 - cost;
    });
    const kind = i < ones ? 'one' : i < ones + heldOut ? 'held_out' : 'random';
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
        logprobs: [row]
      });
    }
  }
  job.send(...events);
}
