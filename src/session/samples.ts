import type { ApiClient, KeptScores } from '../api';
import { keptRun } from './run';
import type { IRun, IRunRequest, ISavedRun } from './run';
import type { Runner } from './runner';
import { MAX_SEED } from './settings';
import { Model } from './model';

/** What is kept of them when the page is reloaded; their tokens are in the history. */
export interface ISavedSamples {
  /** Their jobs, in the order of their seeds. */
  readonly jobs: readonly string[];
  /** How many there are to be. */
  readonly count: number;
  /** The first one's seed. */
  readonly seed: number;
  readonly maxNewTokens: number;
  /** Whether one of them failed, and no more are made until that is tried again. */
  readonly isCutShort?: boolean;
}

/** What was asked for, and what there is of it. */
interface IGroup {
  readonly jobs: readonly string[];
  readonly runs: ReadonlyMap<string, IRun>;
  readonly request: IRunRequest | null;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly count: number;
}

/** The seed of a sample: each can be had again by its seed alone. */
export function seedOf(first: number, index: number): number {
  return (first + index) % (MAX_SEED + 1);
}

/**
 * The answers of one Run to its prompt, each with a seed of its own.
 *
 * They are made one after the other: the model then reads the prompt once. Each
 * is a run like any other, the runner's while it is shown.
 */
export class Samples extends Model {
  constructor(runner: Runner, client: Pick<ApiClient, 'run'>) {
    super();
    this._runner = runner;
    this._client = client;
    runner.changed.connect(this._onRun, this);
  }

  /** Those that have begun; null: one that isn't there since a reload, or not yet. */
  get runs(): readonly (IRun | null)[] {
    return this._jobs.map(id => this._runs.get(id) ?? null);
  }

  /** How many there are, those among them that are still to be made. */
  get total(): number {
    const there = this._jobs.length;
    return this._isDrawing ? Math.max(there, this._count) : there;
  }

  /** Whether another one is to be made after the one under way. */
  get hasMore(): boolean {
    return this._isDrawing && this._numMade < this._count;
  }

  /** Whether some are missing because one of them failed. */
  get isCutShort(): boolean {
    return !this._isDrawing && 0 < this._numMade && this._numMade < this._count;
  }

  protected release(): void {
    this._turn++;
    this._runner.changed.disconnect(this._onRun, this);
  }

  /** Which of them a run is, from 0; -1: none. */
  indexOf(run: IRun | null): number {
    return run?.jobId ? this._jobs.indexOf(run.jobId) : -1;
  }

  /** Which of those before it has the same answer as a complete sample, from 0; -1: none. */
  sameAs(index: number): number {
    const texts = this.runs
      .slice(0, index + 1)
      .map(run => (run?.phase === 'done' ? textOf(run) : null));
    const found = texts.indexOf(texts[index]);
    return texts[index] === null || found === index ? -1 : found;
  }

  /** Make so many. Settles when all are there, or no more will come. */
  draw(
    request: IRunRequest,
    maxNewTokens: number,
    count: number
  ): Promise<void> {
    this._former = this._jobs.length > 0 ? this._group : this._former;
    this._jobs = [];
    this._runs.clear();
    this._request = request;
    this._seed = request.sampling.seed ?? 0;
    this._maxNewTokens = maxNewTokens;
    this._count = count;
    return this.goOn();
  }

  /** Make those that are missing. */
  async goOn(): Promise<void> {
    const turn = ++this._turn;
    this._isDrawing = true;
    while (turn === this._turn && this._request && this.hasMore) {
      const { sampling } = this._request;
      const seed = seedOf(this._seed, this._numMade);
      this._before = this._runner.run?.jobId ?? null;
      await this._runner.start(
        { ...this._request, sampling: { ...sampling, seed } },
        this._maxNewTokens
      );
      // One that failed, or was stopped, leaves those before it.
      const last = this._runner.attempt ?? this._runner.run;
      if (last?.phase !== 'done' || last.jobId !== this._lastJob) {
        break;
      }
    }
    if (turn === this._turn) {
      this._isDrawing = false;
      this._bringBack();
      this._emit();
    }
  }

  /** Make no more than those that have begun. */
  end(): void {
    this._turn++;
    this._isDrawing = false;
    this._count = this._jobs.length;
    this._bringBack();
  }

  /**
   * Show one of them, without the model.
   *
   * @param scores - of the run that is shown now: what was computed stays with it.
   */
  show(index: number, scores: KeptScores[]): void {
    const { run: shown } = this._runner;
    const run = this.runs[index];
    if (!run || run.jobId === shown?.jobId) {
      return;
    }
    if (shown?.jobId && this.indexOf(shown) >= 0 && scores.length > 0) {
      this._runs.set(shown.jobId, { ...shown, kept: scores });
    }
    this._runner.show(run);
  }

  /** What to keep over a reload; null where there is one alone. */
  save(): ISavedSamples | null {
    return this.total > 1 || this.isCutShort
      ? {
          jobs: this._jobs,
          count: this.isCutShort ? this._count : this.total,
          seed: this._seed,
          maxNewTokens: this._maxNewTokens,
          ...(this.isCutShort && { isCutShort: true })
        }
      : null;
  }

  /**
   * Take what was kept, and fetch those that aren't shown from the history.
   *
   * @param run - the one that was shown, which comes back by itself; it may be
   *   none of these.
   * @param attempt - the one that had no answer yet.
   */
  restore(
    saved: ISavedSamples,
    run: ISavedRun | null,
    attempt: ISavedRun | null
  ): void {
    this._jobs = saved.jobs;
    this._count = saved.count;
    this._seed = saved.seed;
    this._maxNewTokens = saved.maxNewTokens;
    this._isDrawing = !saved.isCutShort && saved.jobs.length < saved.count;
    this._request = attempt ?? run;
    this._before = run?.jobId ?? null;
    this._restored = ++this._turn;
    const values = this._request?.values ?? {};
    for (const id of saved.jobs.filter(job => job !== run?.jobId)) {
      this._client
        .run(id)
        .then(record => {
          if (this._jobs.includes(id) && !this._runs.has(id)) {
            this._runs.set(id, { ...keptRun(record), values });
            this._emit();
          }
        })
        .catch(reason => {
          // It may have been deleted, or nothing is kept.
          console.warn('LIT Lab: a sample is gone', reason);
        });
    }
  }

  /** Go on after a reload, once what was under way has ended. */
  async resume(): Promise<void> {
    if (this._turn !== this._restored) {
      return; // They were stopped, or others asked for.
    }
    const { attempt, run } = this._runner;
    const isWhole = attempt === null && run?.phase === 'done';
    if (this.hasMore && isWhole && run.jobId === this._lastJob) {
      await this.goOn();
    } else if (this._isDrawing) {
      this.end();
      this._emit();
    }
  }

  private _onRun(): void {
    const { run, attempt } = this._runner;
    if (!run?.jobId) {
      return;
    }
    const isNew =
      this._isDrawing && attempt === null && run.jobId !== this._before;
    if (isNew && !this._jobs.includes(run.jobId)) {
      // In the place of one that failed.
      this._jobs = [...this._jobs.slice(0, this._numMade), run.jobId];
      this._former = null;
    }
    const known = this._runs.get(run.jobId);
    if (this._jobs.includes(run.jobId) && (!known || known.key === run.key)) {
      this._runs.set(run.jobId, run);
    }
  }

  /** How many have begun, but for a last one that failed: its seed is still to be tried. */
  private get _numMade(): number {
    const last = this._runs.get(this._lastJob ?? '');
    return this._jobs.length - (last?.phase === 'failed' ? 1 : 0);
  }

  private get _lastJob(): string | undefined {
    return this._jobs[this._jobs.length - 1];
  }

  private get _group(): IGroup {
    return {
      jobs: this._jobs,
      runs: new Map(this._runs),
      request: this._request,
      seed: this._seed,
      maxNewTokens: this._maxNewTokens,
      count: this._count
    };
  }

  /** Where none came of what was asked for last, what was there before is shown still. */
  private _bringBack(): void {
    if (this._jobs.length > 0 || this._former === null) {
      return;
    }
    const { jobs, runs, request, seed, maxNewTokens, count } = this._former;
    this._former = null;
    this._jobs = jobs;
    runs.forEach((run, id) => this._runs.set(id, run));
    this._request = request;
    this._seed = seed;
    this._maxNewTokens = maxNewTokens;
    this._count = count;
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _runner: Runner;
  private readonly _client: Pick<ApiClient, 'run'>;
  private readonly _runs = new Map<string, IRun>();
  private _jobs: readonly string[] = [];
  /** What was shown when others were asked for, until one of those is there. */
  private _former: IGroup | null = null;
  private _request: IRunRequest | null = null;
  private _seed = 0;
  private _maxNewTokens = 1;
  private _count = 0;
  private _isDrawing = false;
  /** The job of what was shown when the one under way was asked for. */
  private _before: string | null = null;
  /** Tells whether something else was asked for meanwhile. */
  private _turn = 0;
  private _restored = -1;
}

function textOf(run: IRun): string {
  return run.answerTokens.map(token => token.text).join('');
}
