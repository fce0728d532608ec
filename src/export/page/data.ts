import type { TokenSpan } from '../../salience';
import type { IPackedRun } from '../packed';
import type { ILook } from '../reading';

/** The data of an exported page for its script. */
export interface IPageData {
  readonly runs: readonly IPackedRun[];
  readonly look: ILook;
  /** The initial target of each run. */
  readonly targets: readonly (TokenSpan | null)[];
}
