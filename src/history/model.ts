import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import { ApiError, isAbort } from '../api';
import type { ApiClient, RunInfo, RunRecord } from '../api';
import { KeptSource } from '../session/keptsource';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { isUnderWay } from '../session/run';
import type { Runs } from '../session/runs';
import type { IPromptSource } from '../session/source';
import { Deletions } from './deletions';
import type { DeletionPhase } from './deletions';

/** What the history needs from the client. */
export type HistoryClient = Pick<
  ApiClient,
  'runs' | 'run' | 'changeRun' | 'deleteRun' | 'clearRuns'
>;

/** What the history needs from the session. */
export interface IHistorySession {
  readonly runs: Pick<Runs, 'shown'>;
  readonly changed: ISignal<unknown, void>;
  reopen(run: RunRecord, source: IPromptSource): void;
  /** See `ISession.claim`. */
  claim(): () => boolean;
}

/** How many runs there are. */
export interface IRunCount {
  readonly all: number;
  readonly starred: number;
}

/** The most runs of one request. */
const PAGE = 50;

/** Milliseconds after the last key press before a search starts. */
const PATIENCE = 200;

/**
 * Milliseconds between attempts to find a run that was stopped: the request to
 * stop it may still be on its way. The server lists a run as soon as its last event
 * has arrived.
 */
const STOPPED_AFTER = [300, 1000, 5000];

/**
 * The runs of the history, newest first. Makes no request until it is visible.
 */
export class HistoryModel extends Model {
  /**
   * @param reveal - opens a prompt's document.
   */
  constructor(
    client: HistoryClient,
    session: IHistorySession,
    reveal: (document: string) => void,
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._session = session;
    this._reveal = reveal;
    this._trans = trans;
    session.changed.connect(this._onSession, this);
  }

  /** Matching runs, as far as they are loaded. */
  get runs(): readonly RunInfo[] {
    return this._runs;
  }

  /** How many match, without those being deleted. */
  get total(): number {
    const deleted = this._runs.filter(run => this.deletion(run) !== null);
    return Math.max(0, this._total - deleted.length);
  }

  /** How many matching runs are loaded, without those being deleted. */
  get count(): number {
    return this._runs.filter(run => this.deletion(run) === null).length;
  }

  /** The state of a run's deletion; null if it isn't being deleted. */
  deletion(info: RunInfo): DeletionPhase | null {
    return this._deletions.phase(info.id);
  }

  /** Documents of the prompts. */
  get documents(): readonly string[] {
    return this._documents;
  }

  /** Id of the shown run; null if the history doesn't have it. */
  get shown(): string | null {
    return this._session.runs.shown?.jobId ?? null;
  }

  /** The search: runs contain all of its words. */
  get query(): string {
    return this._query;
  }

  set query(query: string) {
    this._query = query;
    this._later(PATIENCE);
    this._emit();
  }

  /** Only runs of prompts from this document; null: from any. */
  get document(): string | null {
    return this._document;
  }

  set document(document: string | null) {
    this._document = document;
    void this.load();
  }

  /** Whether only starred runs are listed. */
  get starred(): boolean {
    return this._starred;
  }

  set starred(starred: boolean) {
    this._starred = starred;
    void this.load();
  }

  /** Whether any runs were requested. */
  get isLoaded(): boolean {
    return this._isLoaded;
  }

  /** When loading started, in milliseconds since the epoch; null if nothing loads. */
  get loadingSince(): number | null {
    return this._loadingSince;
  }

  /** The last problem, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether the history is off in the configuration. */
  get isOff(): boolean {
    return this._isOff;
  }

  protected release(): void {
    clearTimeout(this._timer);
    this._deletions.dispose();
    this._abort.abort();
    this._session.changed.disconnect(this._onSession, this);
  }

  /** List the newest runs that match. Never rejects. */
  load(): Promise<void> {
    return this._load(0);
  }

  /** List some more. */
  more(): Promise<void> {
    return this._load(this._runs.length);
  }

  /** Show a run again, as it was. */
  async open(info: RunInfo): Promise<void> {
    await this._try(() => this._open(info.id));
  }

  /**
   * Show a run for another part of the interface; the list then reports no problem.
   *
   * @returns why it can't be shown, or null.
   */
  async openById(id: string): Promise<IProblem | null> {
    try {
      await this._open(id);
      return null;
    } catch (reason) {
      return problemOf(reason, this._trans);
    }
  }

  /** Give a run a name, or take it away. */
  async rename(info: RunInfo, title: string): Promise<void> {
    await this._change(info, { title: title.trim().slice(0, 200) });
  }

  /** Star a run, or unstar it. */
  async star(info: RunInfo): Promise<void> {
    await this._change(info, { starred: !info.starred });
  }

  /** Delete a run; for a while that can be undone. */
  delete(info: RunInfo): void {
    this._deletions.begin(info.id);
    this._emit();
  }

  /** Bring a run back that is being deleted. */
  undo(info: RunInfo): void {
    this._deletions.undo(info.id);
    this._emit();
  }

  /** How many runs there are, whatever is searched for; null: that failed, and the problem is shown. */
  async countAll(): Promise<IRunCount | null> {
    let count: IRunCount | null = null;
    await this._try(async () => {
      const [all, starred] = await Promise.all([
        this._client.runs({ limit: 1 }),
        this._client.runs({ limit: 1, starred: true })
      ]);
      count = { all: all.total, starred: starred.total };
    });
    return count;
  }

  /**
   * Delete all runs, for good.
   *
   * @param starred - whether starred runs are deleted, too.
   */
  async clear(starred: boolean): Promise<void> {
    await this._try(() => this._client.clearRuns(starred));
    const problem = this._problem;
    await this.load();
    if (problem) {
      this._problem = problem;
      this._emit();
    }
  }

  private async _open(id: string): Promise<void> {
    const isWanted = this._session.claim();
    const run = await this._client.run(id);
    if (!isWanted()) {
      return; // Another prompt was chosen meanwhile.
    }
    const place = this._trans.__('an earlier run');
    this._session.reopen(run, new KeptSource(run, place, this._reveal));
  }

  private async _delete(id: string): Promise<void> {
    this._emit();
    await this._try(async () => {
      try {
        await this._client.deleteRun(id);
      } catch (reason) {
        // One that is gone already, perhaps in another tab, is what was wanted.
        if (!(reason instanceof ApiError && reason.error === 'unknown_run')) {
          throw reason;
        }
      }
      this._total -= this._runs.some(run => run.id === id) ? 1 : 0;
      this._runs = this._runs.filter(run => run.id !== id);
    });
  }

  private async _change(
    info: RunInfo,
    change: { title?: string; starred?: boolean }
  ): Promise<void> {
    await this._try(async () => {
      const changed = await this._client.changeRun(info.id, change);
      this._runs = this._runs.map(run =>
        run.id === changed.id ? changed : run
      );
    });
  }

  private async _try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this._problem = null;
    } catch (reason) {
      this._fail(reason);
    }
    this._emit();
  }

  private async _load(offset: number): Promise<void> {
    this._abort.abort();
    clearTimeout(this._timer);
    const abort = (this._abort = new AbortController());
    this._loadingSince ??= Date.now();
    this._emit();
    try {
      const { runs, total, documents } = await this._client.runs(
        {
          search: this._query,
          document: this._document,
          starred: this._starred,
          offset,
          limit: PAGE
        },
        abort.signal
      );
      if (abort !== this._abort) {
        return; // Something else was asked for meanwhile.
      }
      const known = new Set(this._runs.slice(0, offset).map(run => run.id));
      this._runs = [
        ...this._runs.slice(0, offset),
        ...runs.filter(run => !known.has(run.id))
      ];
      this._total = total;
      this._documents = documents;
      this._problem = null;
      this._isOff = false;
      this._isLoaded = true;
    } catch (reason) {
      if (abort !== this._abort) {
        return;
      }
      if (!isAbort(reason)) {
        this._fail(reason);
      }
    }
    this._loadingSince = null;
    this._emit();
  }

  private _fail(reason: unknown): void {
    this._isOff = reason instanceof ApiError && reason.error === 'history_off';
    this._problem = this._isOff ? null : problemOf(reason, this._trans);
  }

  /** A run that isn't the session's has ended: list it. */
  expect(): void {
    if (this._isLoaded) {
      this._later(0);
    }
  }

  private _onSession(): void {
    const run = this._session.runs.shown;
    const ended = run !== null && !isUnderWay(run) ? run.jobId : null;
    if (ended !== this._ended) {
      this._ended = ended;
      if (this._isLoaded && ended !== null) {
        this._find(ended, run?.phase === 'stopped' ? STOPPED_AFTER : [0]);
      }
      this._emit();
    }
  }

  /** List again after the first of these times, and after the next if a run isn't there. */
  private _find(id: string, [first, ...others]: readonly number[]): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(async () => {
      await this.load();
      const isThere = this._runs.some(run => run.id === id);
      if (others.length > 0 && !isThere && this._ended === id) {
        this._find(id, others);
      }
    }, first);
  }

  private _later(milliseconds: number): void {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this.load(), milliseconds);
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: HistoryClient;
  private readonly _session: IHistorySession;
  private readonly _reveal: (document: string) => void;
  private readonly _trans: TranslationBundle;
  private readonly _deletions = new Deletions(
    id => this._delete(id),
    () => this._emit() // Where that failed, the run is listed again.
  );
  private _abort = new AbortController();
  private _timer = 0;
  private _runs: readonly RunInfo[] = [];
  private _total = 0;
  private _documents: readonly string[] = [];
  private _query = '';
  private _document: string | null = null;
  private _starred = false;
  private _isLoaded = false;
  private _loadingSince: number | null = null;
  private _problem: IProblem | null = null;
  private _isOff = false;
  private _ended: string | null = null;
}
