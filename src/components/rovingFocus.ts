/**
 * Where a key moves the focus in a list that is one stop of Tab.
 *
 * @param current - index of the item that has the focus.
 * @param page - how many items Page Up and Page Down pass; 0: neither moves it.
 * @returns an index within the list, or null for any other key.
 */
export function nextIndex(
  key: string,
  current: number,
  count: number,
  page = 0
): number | null {
  const last = count - 1;
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: current + 1,
    ArrowUp: current - 1,
    Home: 0,
    End: last,
    ...(page > 0 && { PageDown: current + page, PageUp: current - page })
  };
  return count > 0 && Object.hasOwn(moves, key)
    ? Math.min(Math.max(moves[key], 0), last)
    : null;
}
