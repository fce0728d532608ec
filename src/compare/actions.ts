import type { TokenSpan } from '../salience';
import type { IProblem } from '../session/problem';
import type { ISettings } from '../session/settings';

/** What a comparison's view does outside the comparison. */
export interface ICompareActions {
  readonly onSettings: (settings: Partial<ISettings>) => void;
  readonly onRestart: () => void;
  /** Show a side's run in the panel; returns why that failed, or null. */
  readonly onOpen: (id: string) => Promise<IProblem | null>;
  /** Save two runs as a page, with their targets. */
  readonly onSave: (
    runs: readonly string[],
    targets: readonly (TokenSpan | null)[]
  ) => void;
}
