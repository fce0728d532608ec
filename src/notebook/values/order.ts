/** The order that a notebook's cells were run in. */

/**
 * The indices of code cells in the order that they ran in, or would.
 *
 * The notebook's order is that of its cells. Where execution counts say
 * otherwise, they tell which ran last; a cell without a count follows the one
 * above it.
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
  let last = 0;
  const ranks = counts.map(count => (last = count ?? last));
  return order.sort((a, b) => ranks[a] - ranks[b] || a - b);
}
