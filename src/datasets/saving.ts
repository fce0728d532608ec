/** What the user may have to allow before a dataset is saved. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';

/**
 * What saving may do: `replace` an existing file; `discard` even what another
 * program has written to the dataset's own file since LIT Lab read it.
 */
export type Consent = 'none' | 'replace' | 'discard';

/** Why a dataset wasn't saved. */
export interface ISaveFailure {
  readonly problem: IProblem;
  /** What the user could allow, so that saving succeeds; or null. */
  readonly needs: Consent | null;
}

/** The failure of a request to save. */
export function saveFailureOf(
  reason: unknown,
  trans: TranslationBundle
): ISaveFailure {
  const error = reason instanceof ApiError ? reason.error : '';
  return {
    problem: { ...problemOf(reason, trans), remedies: [] },
    needs:
      error === 'file_exists'
        ? 'replace'
        : error === 'file_changed'
          ? 'discard'
          : null
  };
}
