/**
 * Remember the last value for as long as its dependencies stay identical.
 *
 * @returns a function that returns that value, or computes a new one.
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
