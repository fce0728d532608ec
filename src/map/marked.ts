import type { TokenSpan } from '../salience';

/** Whether a span is marked; `mixed`: some of its tokens are. */
export function markOf(
  [start, end]: TokenSpan,
  marked: readonly TokenSpan[]
): boolean | 'mixed' {
  const count = marked.reduce(
    (sum, [from, to]) =>
      sum + Math.max(0, Math.min(end, to) - Math.max(start, from)),
    0
  );
  return count === 0 ? false : count === end - start || 'mixed';
}
