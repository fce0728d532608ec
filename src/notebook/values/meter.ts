/**
 * Counts what functions cost that know no machine, such as those that cut texts:
 * by the machine whose code is gone through, if there is one.
 */

let spend: ((cost: number) => void) | null = null;

/** From here on, a machine counts; null: none does. */
export function meter(by: ((cost: number) => void) | null): void {
  spend = by;
}

/** Count what is going to be done, in the machine's units. */
export function charge(cost: number): void {
  spend?.(cost);
}
