import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { isAbort } from '../api';
import type { ApiClient, DatasetInfo, DatasetRow } from '../api';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import type { ISession } from '../session/tokens';
import { DatasetSource } from './source';

/** What the browser asks of the client. */
export type DatasetsClient = Pick<ApiClient, 'datasets' | 'datasetRows'>;

/** Datasets of prompts, one of them open. Asks for nothing until it is shown. */
export class DatasetsModel implements IDisposable {
  constructor(
    client: DatasetsClient,
    session: Pick<ISession, 'open'>,
    trans: TranslationBundle
  ) {
    this._client = client;
    this._session = session;
    this._trans = trans;
  }

  /** All datasets; empty before they are known. */
  get datasets(): readonly DatasetInfo[] {
    return this._datasets;
  }

  /** Name of the open dataset, or null. */
  get open(): string | null {
    return this._open;
  }

  /** The open dataset's rows that match the search. */
  get rows(): readonly DatasetRow[] {
    const words = this._query.toLowerCase().split(/\s+/).filter(Boolean);
    return this._rows.filter(({ source, prompt }) => {
      const text = `${source}\n${prompt}`.toLowerCase();
      return words.every(word => text.includes(word));
    });
  }

  /** Number of the open dataset's rows. */
  get size(): number {
    return this._rows.length;
  }

  /** What is searched for: rows hold all of its words. */
  get query(): string {
    return this._query;
  }

  set query(query: string) {
    this._query = query;
    this._emit();
  }

  /** When loading began, in milliseconds since the epoch; null if it isn't. */
  get loadingSince(): number | null {
    return this._loadingSince;
  }

  /** Why loading failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Emitted when anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the browser should come into view. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._abort.abort();
      Signal.clearData(this);
    }
  }

  /** Load, unless that was done. Never rejects. */
  async load(): Promise<void> {
    if (this._loadingSince !== null || this._rows.length > 0) {
      return;
    }
    this._loadingSince = Date.now();
    this._problem = null;
    this._emit();
    const abort = this._abort;
    const { signal } = abort;
    try {
      if (this._datasets.length === 0) {
        this._datasets = await this._client.datasets(signal);
        if (abort !== this._abort) {
          return;
        }
        this._open = this._open ?? this._datasets[0]?.name ?? null;
      }
      if (this._open !== null) {
        const name = this._open;
        const { rows } = await this._client.datasetRows(name, signal);
        if (abort !== this._abort) {
          return; // Another one was chosen meanwhile.
        }
        this._rows = rows;
      }
    } catch (reason) {
      if (abort !== this._abort) {
        return;
      }
      if (!isAbort(reason)) {
        this._problem = problemOf(reason, this._trans);
      }
    }
    this._loadingSince = null;
    this._emit();
  }

  /** Open another dataset. */
  choose(name: string): Promise<void> {
    this._abort.abort();
    this._abort = new AbortController();
    this._open = name;
    this._rows = [];
    this._loadingSince = null;
    return this.load();
  }

  /** Take a row up as the prompt. */
  analyze(row: DatasetRow): void {
    const place = [this._trans.__('row %1', row.index + 1)];
    if (row.source) {
      place.push(row.source);
    }
    this._session.open(
      new DatasetSource(this._open ?? '', row, place, () => {
        this._query = '';
        this._emit();
        this._revealed.emit(row.index);
      })
    );
  }

  private _emit(): void {
    if (!this._isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: DatasetsClient;
  private readonly _session: Pick<ISession, 'open'>;
  private readonly _trans: TranslationBundle;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _revealed = new Signal<this, number>(this);
  private _abort = new AbortController();
  private _datasets: readonly DatasetInfo[] = [];
  private _open: string | null = null;
  private _rows: readonly DatasetRow[] = [];
  private _query = '';
  private _loadingSince: number | null = null;
  private _problem: IProblem | null = null;
  private _isDisposed = false;
}
