import type { TokenSpan } from '../../salience';
import type { IPackedRun } from '../packed';
import type { ILook } from '../reading';

/** What an exported page carries for its script. */
export interface IPageData {
  readonly runs: readonly IPackedRun[];
  readonly look: ILook;
  /** Of each run, the target to begin with. */
  readonly targets: readonly (TokenSpan | null)[];
}
