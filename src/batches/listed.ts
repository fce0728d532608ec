import type { TranslationBundle } from '@jupyterlab/translation';

import type { BatchesResponse, BatchInfo } from '../api';
import { describe } from '../session/problem';
import type { IProblem } from '../session/problem';

/** The batches, one of them as it is now. */
export function replaced(
  known: readonly BatchInfo[],
  batch: BatchInfo
): BatchInfo[] {
  return known.map(one => (one.id === batch.id ? batch : one));
}

/** What an answer lists, or the batches with the one that it is about; those that a list lacks because the shared service is away stay. */
export function listed(
  found: BatchesResponse | BatchInfo,
  known: readonly BatchInfo[]
): readonly BatchInfo[] {
  if ('id' in found) {
    return replaced(known, found);
  }
  const { batches, unlisted } = found;
  const ids = new Set(batches.map(({ id }) => id));
  return unlisted
    ? [...batches, ...known.filter(({ id }) => !ids.has(id))]
    : batches;
}

/** Why batches are missing from an answer; null: none are. */
export function whyUnlisted(
  found: BatchesResponse | BatchInfo,
  trans: TranslationBundle
): IProblem | null {
  const unlisted = 'id' in found ? null : found.unlisted;
  return (
    unlisted &&
    describe({
      ...unlisted,
      message: trans.__(
        'Batches at the shared service aren’t listed. %1',
        unlisted.message
      )
    })
  );
}
