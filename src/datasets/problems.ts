import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';

/** What failed: the dataset itself, reading all of a row, or reading the rows of the list. */
export type Subject = 'dataset' | 'row' | 'rows';

/** The problems of a dataset, at most one for each subject. */
export class Problems {
  constructor(trans: TranslationBundle) {
    this._trans = trans;
  }

  /** The last problem, which is shown; or null. */
  get last(): IProblem | null {
    const [problem = null] = this._all.values();
    return problem;
  }

  /** Whether the last failure was that the server no longer has the dataset. */
  get isGone(): boolean {
    return this._isGone;
  }

  /** Add a failure; it replaces an earlier one of the same subject. */
  add(subject: Subject, reason: unknown): void {
    this._isGone =
      reason instanceof ApiError && reason.error === 'unknown_dataset';
    this._all.delete(subject);
    this._all = new Map([
      [subject, problemOf(reason, this._trans)],
      ...this._all
    ]);
  }

  /** Remove a subject's problem; returns whether there was one. */
  delete(subject: Subject): boolean {
    return this._all.delete(subject);
  }

  /** Remove all problems. */
  clear(): void {
    this._all.clear();
  }

  private readonly _trans: TranslationBundle;
  /** The last one first. */
  private _all = new Map<Subject, IProblem>();
  private _isGone = false;
}
