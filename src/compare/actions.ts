import type { TokenSpan } from '../salience';
import type { IProblem } from '../session/problem';
import type { ISettings } from '../session/settings';

/** What the view of a comparison does beyond it. */
export interface ICompareActions {
  readonly onSettings: (settings: Partial<ISettings>) => void;
  readonly onRestart: () => void;
  /** Show a side's run in the panel; gives why that can't be done, or null. */
  readonly onOpen: (id: string) => Promise<IProblem | null>;
  /** Save two runs as a page, with their targets. */
  readonly onSave: (
    runs: readonly string[],
    targets: readonly (TokenSpan | null)[]
  ) => void;
}
