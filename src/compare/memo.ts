/**
 * Keeps what was made last, as long as what it is made of is the same.
 *
 * @returns a function that answers with it, or makes it anew.
 */
export function memo<T>(): (make: () => T, ...of: readonly unknown[]) => T {
  let last: { readonly of: readonly unknown[]; readonly value: T } | null =
    null;
  return (make, ...of) => {
    const isSame =
      last?.of.length === of.length &&
      of.every((item, i) => item === last?.of[i]);
    if (!last || !isSame) {
      last = { of, value: make() };
    }
    return last.value;
  };
}
