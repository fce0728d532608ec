/**
 * Counts the cost of functions that don't have the machine, such as those that
 * cut texts.
 */
import { TooMuch } from './budget';

let spend: ((cost: number) => void) | null = null;

/** Set what counts from here on; null: nothing does. */
export function meter(by: ((cost: number) => void) | null): void {
  spend = by;
}

/**
 * Do work up to a cost; beyond it, do less instead.
 *
 * @param onEnd - called with the cost of the work.
 */
export function bounded<T>(
  most: number,
  work: () => T,
  less: () => T,
  onEnd: (spent: number) => void = () => undefined
): T {
  const before = spend;
  let spent = 0;
  spend = cost => {
    spent += cost;
    if (spent > most) {
      throw new TooMuch();
    }
  };
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TooMuch)) {
      throw error;
    }
  } finally {
    spend = before;
    onEnd(spent);
  }
  return less();
}

/** Count work before it is done, in units of about 20 ns. */
export function charge(cost: number): void {
  spend?.(cost);
}
