/** The order that a notebook's cells were run in. */

/**
 * The indices of code cells in the order that they ran in, or would.
 *
 * The notebook's order is that of its cells. Where execution counts say
 * otherwise, they tell which ran last; a cell without a count finds
 * what all those above it have left.
 *
 * @param counts - execution counts, null where a cell has none.
 */
export function runOrder(counts: readonly (number | null)[]): number[] {
  const order = counts.map((_, index) => index);
  const known = counts.filter(count => count !== null);
  const isInOrder = known.every(
    (count, index) => index === 0 || known[index - 1] < count
  );
  if (isInOrder) {
    return order;
  }
  let latest = 0;
  const ranks = counts.map(count => {
    latest = Math.max(latest, count ?? 0);
    return count ?? latest;
  });
  return order.sort((a, b) => ranks[a] - ranks[b] || a - b);
}
