/**
 * Counts what functions cost that know no machine, such as those that cut texts:
 * by the machine whose code is gone through, if there is one.
 */
import { TooMuch } from './budget';

let spend: ((cost: number) => void) | null = null;

/** From here on, a machine counts; null: none does. */
export function meter(by: ((cost: number) => void) | null): void {
  spend = by;
}

/** Do work that may cost so much; where it costs more, do what is less. */
export function bounded<T>(most: number, work: () => T, less: () => T): T {
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
  }
  return less();
}

/** Count what is going to be done, in the machine's units. */
export function charge(cost: number): void {
  spend?.(cost);
}
