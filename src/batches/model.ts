import type { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';

import { ApiError, isAbort } from '../api';
import type { BatchesResponse, BatchInfo, BatchRequest } from '../api';
import type { BatchClient, BatchFormat } from '../api/batches';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { Followed, isActive } from './active';
import { listed, replaced, whyUnlisted } from './listed';
import { Paces } from './pace';
import type { IPace } from './pace';
import { PartsOver } from './parts';
import { BatchTable } from './table';

/** What batches need from the client. */
export type BatchesClient = Pick<BatchClient, keyof BatchClient>;

/** Milliseconds between two requests for the progress. */
const INTERVAL = 1000;

/** How often the parts are fetched again while rows come: every so many requests for the progress. */
const PARTS_EVERY = 5;

/** What is done on the user's click. */
type Doing = 'start' | 'change' | 'export';

/** The user's batches, one of them shown. Requests nothing unless it is visible. */
export class BatchesModel extends Model {
  constructor(client: BatchesClient, trans: TranslationBundle) {
    super();
    this._client = client;
    this._trans = trans;
    this.table = new BatchTable(client, trans);
    this.parts = new PartsOver(client, trans);
    this.table.changed.connect(this._emit, this);
    this.parts.changed.connect(this._emit, this);
    this._poll = new Poll({
      auto: false,
      name: 'lit-lab:batches',
      frequency: { interval: INTERVAL, backoff: true, max: 10_000 },
      standby: 'when-hidden',
      factory: () => this._ask()
    });
  }

  /** The rows of the shown batch. */
  readonly table: BatchTable;

  /** What matters over its rows. */
  readonly parts: PartsOver;

  /** Newest first; empty until they are known. */
  get batches(): readonly BatchInfo[] {
    return this._batches;
  }

  /** Whether the batches are known. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** The shown batch, or null. */
  get shown(): BatchInfo | null {
    return this._batches.find(({ id }) => id === this._shown) ?? null;
  }

  /** Batches that were started together with the shown one, without it. */
  get others(): readonly BatchInfo[] {
    const { shown } = this;
    return this._batches.filter(
      ({ id, group }) => group === shown?.group && id !== shown.id
    );
  }

  /** The batch that it is compared with, or null. */
  get other(): BatchInfo | null {
    return this.others.find(({ id }) => id === this.table.other) ?? null;
  }

  /** Whether the server is asked for the progress again and again. */
  get isAsking(): boolean {
    return this._isPolling;
  }

  /** Whether the server doesn't answer; it is asked again. */
  get isLost(): boolean {
    return this._isLost;
  }

  /** Why something failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether a retry is to list the batches again, because that failed. */
  get isUnlisted(): boolean {
    return this._problem !== null && this._isUnlisted;
  }

  /** Whether something is being done on the user's click. */
  isDoing(what: Doing): boolean {
    return this._doing.has(what);
  }

  /** How fast the shown batch goes; null: unknown. */
  get pace(): IPace | null {
    return this._paces.of(this.shown);
  }

  protected release(): void {
    this._poll.dispose();
    this.table.dispose();
    this.parts.dispose();
  }

  /** Report whether it can be seen. */
  watch(isVisible: boolean): void {
    if (isVisible !== this._isVisible) {
      this._isVisible = isVisible;
      if (isVisible) {
        void this.load();
      } else {
        // What happens unseen says nothing of the pace.
        this._paces.rest();
        this._emit();
      }
    }
  }

  /** List the batches. Never rejects. */
  async load(): Promise<void> {
    const changes = this._changes;
    try {
      const found = await this._client.batches();
      if (changes !== this._changes) {
        // Older than what the user did meanwhile.
        return this.isDisposed ? undefined : await this.load();
      }
      this._problem = null;
      this._list(found);
      this._isLoaded = true;
      this._isLost = false;
      this._followed.see(this.shown, this.other);
      if (this.shown) {
        this._refresh(true);
      }
    } catch (reason) {
      this._fail(reason, true);
    }
    this._emit();
  }

  /** Show a batch. */
  show(id: string): void {
    if (this._shown === id) {
      return;
    }
    this._shown = id;
    this._problem = null;
    const other = this.others[0]?.id ?? null;
    this.table.open(id, other);
    this.parts.open(id);
    this._followed.see(this.shown, this.other);
    this._emit();
  }

  /** Compare the shown batch with another one; null: with none. */
  compare(id: string | null): void {
    this.table.compare(id);
    this._followed.see(this.shown, this.other);
  }

  /** Start batches, and show the first; false if that failed. Never rejects. */
  async start(request: BatchRequest): Promise<boolean> {
    const started = await this._do('start', () =>
      this._client.startBatch(request)
    );
    if (started) {
      const known = new Set(started.map(({ id }) => id));
      this._take([
        ...started,
        ...this._batches.filter(({ id }) => !known.has(id))
      ]);
      if (started.length > 0) {
        this.show(started[0].id);
      }
      this._emit();
    }
    return started !== undefined;
  }

  /** Stop a batch, or its search for sentences that do nothing. */
  stop(id: string): Promise<void> {
    return this._change(() => this._client.stopBatch(id));
  }

  /** Compute what is missing. */
  goOn(id: string): Promise<void> {
    return this._change(() => this._client.continueBatch(id));
  }

  /** Find the sentences of the shown batch's template that do nothing. */
  findNoise(id: string): Promise<void> {
    return this._change(() => this._client.findNoise(id));
  }

  /** Delete a batch with all that it computed; false if that failed. */
  async delete(id: string): Promise<boolean> {
    const isGone = await this._do('change', async () => {
      await this._client.deleteBatch(id);
      return true;
    });
    if (isGone) {
      this._drop(id);
      this._emit();
    }
    return isGone === true;
  }

  /** All records of a batch as a file; null if that failed. */
  async export(id: string, format: BatchFormat): Promise<Blob | null> {
    return (
      (await this._do('export', () => this._client.exportBatch(id, format))) ??
      null
    );
  }

  /** Report why something that the user asked for failed. */
  report(reason: unknown): void {
    this._fail(reason);
    this._emit();
  }

  dismiss(): void {
    this._problem = null;
    this._emit();
  }

  private async _change(request: () => Promise<BatchInfo>): Promise<void> {
    const changed = await this._do('change', request);
    if (changed) {
      this._take(replaced(this._batches, changed));
      this._paces.rest(changed.id);
      this._follow();
      this._emit();
    }
  }

  /** Do what a click asks for, unless such a thing is being done; undefined: it failed. */
  private async _do<T>(
    doing: Doing,
    request: () => Promise<T>
  ): Promise<T | undefined> {
    if (this._doing.has(doing)) {
      return undefined;
    }
    this._doing.add(doing);
    this._problem = null;
    this._emit();
    try {
      const answer = await request();
      this._changes += doing === 'export' ? 0 : 1;
      return answer;
    } catch (reason) {
      this._fail(reason);
      return undefined;
    } finally {
      this._doing.delete(doing);
      this._emit();
    }
  }

  /** Ask how far those that are active are; rejects if there is no answer, so that the poll waits longer. */
  private async _ask(): Promise<void> {
    const active = this._batches.filter(isActive);
    if (active.length === 0 || this.isDisposed) {
      return;
    }
    const changes = this._changes;
    try {
      const found =
        active.length === 1
          ? await this._client.batch(active[0].id)
          : await this._client.batches();
      if (changes !== this._changes) {
        return; // older than what the user did meanwhile
      }
      this._list(found);
    } catch (reason) {
      if (reason instanceof ApiError && reason.status === 404) {
        await this.load(); // another page deleted it
        return;
      }
      if (reason instanceof ApiError && reason.isTransient) {
        this._isLost = true;
      } else {
        this._fail(reason, true);
      }
      this._emit();
      throw reason;
    }
    this._isLost = false;
    this._follow();
    this._emit();
  }

  /** Fetch again what is shown of batches that have changed. */
  private _follow(): void {
    const next = this._followed.next(this.shown, this.other);
    if (next === 'rows') {
      this.table.refresh();
    } else if (next !== null) {
      this._refresh(next === 'all');
    }
  }

  /** Fetch what is shown of a batch again; its parts now and then, because they are of all rows. */
  private _refresh(isWhole: boolean): void {
    this.table.refresh();
    if (isWhole || ++this._ticks % PARTS_EVERY === 0) {
      this.parts.refresh();
    }
  }

  private _list(found: BatchesResponse | BatchInfo): void {
    this._take(listed(found, this._batches));
    const why = whyUnlisted(found, this._trans);
    if (why || this.isUnlisted) {
      this._isUnlisted = why !== null;
      this._problem = why;
    }
  }

  private _take(batches: readonly BatchInfo[]): void {
    this._batches = batches;
    this._paces.see(batches);
    if (this._shown !== null && !this.shown) {
      this._drop(this._shown);
    }
  }

  private _drop(id: string): void {
    this._batches = this._batches.filter(batch => batch.id !== id);
    if (this._shown === id) {
      this._shown = null;
      this.table.open(null, null);
      this.parts.open(null);
    } else if (this.table.other === id) {
      this.table.compare(null);
    }
  }

  private _schedule(): void {
    const isWanted = this._isVisible && this._batches.some(isActive);
    if (isWanted !== this._isPolling) {
      this._isPolling = isWanted;
      if (isWanted) {
        void this._poll.schedule({ interval: INTERVAL, phase: 'started' });
      } else {
        void this._poll.stop();
      }
    }
  }

  private _fail(reason: unknown, isUnlisted = false): void {
    if (!isAbort(reason)) {
      this._isUnlisted = isUnlisted;
      this._problem = problemOf(reason, this._trans);
    }
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._schedule();
      this._changed.emit();
    }
  }

  private readonly _client: BatchesClient;
  private readonly _trans: TranslationBundle;
  private readonly _poll: Poll;
  private readonly _paces = new Paces();
  private _batches: readonly BatchInfo[] = [];
  private _shown: string | null = null;
  private _isLoaded = false;
  private _isLost = false;
  private _isUnlisted = false;
  private _isVisible = false;
  private _isPolling = false;
  private readonly _doing = new Set<Doing>();
  private _problem: IProblem | null = null;
  private _ticks = 0;
  /** How many changes the server has answered: what was asked for before the last one is old. */
  private _changes = 0;
  private readonly _followed = new Followed();
}
