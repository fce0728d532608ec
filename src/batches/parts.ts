import type { TranslationBundle } from '@jupyterlab/translation';

import { isAbort } from '../api';
import type { BatchParts } from '../api';
import type { BatchClient } from '../api/batches';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';

/** What matters over the rows of a batch. Requests nothing until it is looked at. */
export class PartsOver extends Model {
  constructor(
    private readonly _client: Pick<BatchClient, 'batchParts'>,
    private readonly _trans: TranslationBundle
  ) {
    super();
  }

  /** Null until they are there. */
  get found(): BatchParts | null {
    return this._found;
  }

  /** Why they can't be shown, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  protected release(): void {
    this._abort?.abort();
  }

  /** Take another batch, or none. */
  open(id: string | null): void {
    this._id = id;
    this._found = null;
    this._problem = null;
    this._load();
  }

  /** Report whether somebody looks at them. */
  look(isSeen: boolean): void {
    if (isSeen !== this._isSeen) {
      this._isSeen = isSeen;
      this._load();
    }
  }

  /** Fetch them again. */
  refresh(): void {
    if (this._isLoading) {
      this._isDue = true; // the answer may be older than the reason to ask
    } else {
      this._load();
    }
  }

  private _load(): void {
    this._abort?.abort();
    this._abort = null;
    this._isLoading = false;
    this._isDue = false;
    if (this._id !== null && this._isSeen) {
      void this._fetch(this._id, (this._abort = new AbortController()).signal);
    }
  }

  private async _fetch(id: string, signal: AbortSignal): Promise<void> {
    this._isLoading = true;
    try {
      const found = await this._client.batchParts(id, signal);
      if (signal.aborted) {
        return;
      }
      this._found = found;
      this._problem = null;
    } catch (reason) {
      if (isAbort(reason) || signal.aborted) {
        return;
      }
      this._problem = problemOf(reason, this._trans);
    }
    this._isLoading = false;
    this._changed.emit();
    if (this._isDue) {
      this._load();
    }
  }

  private _id: string | null = null;
  private _isSeen = false;
  private _found: BatchParts | null = null;
  private _problem: IProblem | null = null;
  private _abort: AbortController | null = null;
  private _isLoading = false;
  private _isDue = false;
}
