import type { ApiClient, KeptEffects, KeptScores } from '../api';
import { keptRun } from './run';
import type { IRun, IRunRequest, ISavedRun } from './run';
import type { Runner } from './runner';
import { MAX_SEED } from './settings';
import { Model } from './model';

/** What is stored of samples over a reload; the history has their tokens. */
export interface ISavedSamples {
  /** Their jobs, in the order of their seeds. */
  readonly jobs: readonly string[];
  /** How many samples the run generates. */
  readonly count: number;
  /** The first sample's seed. */
  readonly seed: number;
  readonly maxNewTokens: number;
  /** Whether a sample failed, so that no more are generated until the user tries again. */
  readonly isCutShort?: boolean;
}

/** A run with several samples, as far as they are complete. */
interface IGroup {
  readonly jobs: readonly string[];
  readonly runs: ReadonlyMap<string, IRun>;
  readonly request: IRunRequest | null;
  readonly seed: number;
  readonly maxNewTokens: number;
  readonly count: number;
}

/** The seed of a sample, which alone reproduces it. */
export function seedOf(first: number, index: number): number {
  return (first + index) % (MAX_SEED + 1);
}

/**
 * The answers of one run to its prompt, each with its own seed.
 *
 * They are generated one after another, so that the model reads the prompt once.
 * Each is a run, which the runner has while it is shown.
 */
export class Samples extends Model {
  constructor(runner: Runner, client: Pick<ApiClient, 'run'>) {
    super();
    this._runner = runner;
    this._client = client;
    runner.changed.connect(this._onRun, this);
  }

  /** Samples that have started; null for one that isn't loaded after a reload. */
  get runs(): readonly (IRun | null)[] {
    return this._jobs.map(id => this._runs.get(id) ?? null);
  }

  /** How many there are, including those still to be generated. */
  get total(): number {
    const there = this._jobs.length;
    return this._isDrawing ? Math.max(there, this._count) : there;
  }

  /** Whether another sample follows the current one. */
  get hasMore(): boolean {
    return this._isDrawing && this._numMade < this._count;
  }

  /** Whether some are missing because a sample failed. */
  get isCutShort(): boolean {
    return !this._isDrawing && 0 < this._numMade && this._numMade < this._count;
  }

  protected release(): void {
    this._turn++;
    this._runner.changed.disconnect(this._onRun, this);
  }

  /** The index of a run among the samples; -1 if it is none. */
  indexOf(run: IRun | null): number {
    return run?.jobId ? this._jobs.indexOf(run.jobId) : -1;
  }

  /** The index of an earlier sample with the same answer as a complete one; -1 if none. */
  sameAs(index: number): number {
    const texts = this.runs
      .slice(0, index + 1)
      .map(run => (run?.phase === 'done' ? textOf(run) : null));
    const found = texts.indexOf(texts[index]);
    return texts[index] === null || found === index ? -1 : found;
  }

  /** Generate samples. Settles when all are complete, or no more will follow. */
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

  /** Generate the missing samples. */
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
      // If a sample fails or is stopped, those before it stay.
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

  /** Generate no samples after those that have started. */
  end(): void {
    this._turn++;
    this._isDrawing = false;
    this._count = this._jobs.length;
    this._bringBack();
  }

  /**
   * Show a sample, without the model.
   *
   * @param scores - of the shown run, which are stored with it.
   * @param effects - likewise.
   */
  show(
    index: number,
    scores: KeptScores[],
    effects: readonly KeptEffects[]
  ): void {
    const { run: shown } = this._runner;
    const run = this.runs[index];
    if (!run || run.jobId === shown?.jobId) {
      return;
    }
    if (shown?.jobId && this.indexOf(shown) >= 0 && scores.length > 0) {
      this._runs.set(shown.jobId, { ...shown, kept: scores, effects });
    }
    this._runner.show(run);
  }

  /** What to store over a reload; null for a single answer. */
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
   * Restore what was stored, and load those that aren't shown from the history.
   *
   * @param run - the shown run, which returns by itself; it may be none of the
   *   samples.
   * @param attempt - the run that had no answer yet.
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
          // The run may have been deleted, or the history may be off.
          console.warn('LIT Lab: a sample is gone', reason);
        });
    }
  }

  /** Continue after a reload, once the current sample has ended. */
  async resume(): Promise<void> {
    if (this._turn !== this._restored) {
      return; // The user has stopped them, or started another run.
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
      // It replaces a sample that failed.
      this._jobs = [...this._jobs.slice(0, this._numMade), run.jobId];
      this._former = null;
    }
    const known = this._runs.get(run.jobId);
    if (this._jobs.includes(run.jobId) && (!known || known.key === run.key)) {
      this._runs.set(run.jobId, run);
    }
  }

  /** How many have started, except for a last one that failed: its seed is tried again. */
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

  /** If the last request generated no sample, show the samples before it again. */
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
  /** The samples from before the current request, until one of its own is there. */
  private _former: IGroup | null = null;
  private _request: IRunRequest | null = null;
  private _seed = 0;
  private _maxNewTokens = 1;
  private _count = 0;
  private _isDrawing = false;
  /** The job of the run that was shown when the current sample started. */
  private _before: string | null = null;
  /** Counts requests, so that an older one ends when another starts. */
  private _turn = 0;
  private _restored = -1;
}

function textOf(run: IRun): string {
  return run.answerTokens.map(token => token.text).join('');
}
