import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient, JobEvent, Method, ScoresEvent } from '../api';
import type { TokenSpan } from '../salience';
import { AUTOMATIC } from './methods';
import { describe, problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** What this store needs from the client. */
export type ScoresClient = Pick<ApiClient, 'startJob' | 'events' | 'cancelJob'>;

/** The most targets in one request; the server refuses more. */
const MAX_TARGETS = 4096;

/** The most scores in one job: the server stores 64 MiB of a result, and a score takes about 20 bytes. */
const MAX_SCORES = 2_000_000;

/** The most jobs that are stored over a reload. */
const MAX_JOBS = 8;

/** A job that computes targets, as stored over a reload. */
export interface ISavedJob {
  readonly id: string;
  readonly targets: readonly TokenSpan[];
}

/**
 * Scores of one sequence of tokens, by target and method.
 *
 * Jobs compute targets in the background, one at a time. A target that the user
 * requests goes first: the running job stops, and a later one computes the targets
 * that it left.
 */
export class ScoreStore extends Model {
  /**
   * @param ids - ids of the whole sequence, exactly as generated.
   */
  constructor(
    client: ScoresClient,
    model: string,
    ids: readonly number[],
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._model = model;
    this._ids = ids;
    this._trans = trans;
  }

  /** What the running job waits for or does; empty if none runs. */
  get message(): string {
    return this._active ? this._message : '';
  }

  /** Why the last job failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether a job runs. */
  get isBusy(): boolean {
    return this._active !== null;
  }

  /** Whether a job runs, or will without a click. */
  get hasMore(): boolean {
    const isWaiting = this._queue.length > 0 || this._past.length > 0;
    return this._active !== null || (isWaiting && this._problem === null);
  }

  /**
   * Pause for another job, because the model does one thing at a time, or resume.
   * A prioritized target is computed either way.
   */
  setPaused(isPaused: boolean): void {
    if (isPaused !== this._isPaused) {
      this._isPaused = isPaused;
      if (isPaused) {
        this._stop();
      }
      this._next();
    }
  }

  protected release(): void {
    this._queue = [];
    this._stop();
  }

  /** `<float32>[num_tokens]`, or null until it is computed. */
  get(target: TokenSpan, method: Method): readonly number[] | null {
    return this._scores.get(keyOf(target))?.[method] ?? null;
  }

  /** All computed scores. */
  get all(): ScoresEvent[] {
    return [...this._scores].flatMap(([key, scores]) => {
      const [start, end] = key.split(':').map(Number);
      return AUTOMATIC.flatMap((method): ScoresEvent[] => {
        const { [method]: values } = scores;
        const target = { start, end };
        return values
          ? [
              {
                event: 'scores',
                target,
                method,
                scores: [...values],
                gap: null,
                foil: null
              }
            ]
          : [];
      });
    });
  }

  /** Jobs that computed scores, the last one last, which a later page can follow. */
  get jobs(): readonly ISavedJob[] {
    return [...this._jobs, ...this._past].slice(-MAX_JOBS);
  }

  /**
   * Follow an earlier page's jobs before computing anything, so that nothing is
   * computed twice.
   */
  resume(jobs: readonly ISavedJob[]): void {
    this._past = [...this._past, ...jobs];
    this._next();
  }

  /** Take scores that were computed earlier. */
  keep(events: readonly ScoresEvent[]): void {
    events.forEach(event => this._put(event));
  }

  /** Compute targets that are missing, when nothing else is to be computed. */
  request(targets: readonly TokenSpan[]): void {
    const known = new Set(this._queue.map(keyOf));
    for (const target of targets) {
      if (!this._isKnown(target) && !known.has(keyOf(target))) {
        known.add(keyOf(target));
        this._queue.push(target);
      }
    }
    this._next();
  }

  /** Compute one target before all others. */
  prioritize(target: TokenSpan): void {
    const key = keyOf(target);
    if (this._scores.get(key)?.complete || this._isSoon(key)) {
      return;
    }
    this._queue = [target, ...this._queue.filter(t => keyOf(t) !== key)];
    this._urgent = key;
    this._problem = null;
    if (this._active) {
      this._stop();
    }
    this._next();
  }

  /** Stop; targets that are missing are computed on the next request. */
  cancel(): void {
    this._stop();
    this._queue = [];
    this._urgent = null;
    this._changed.emit();
  }

  /** Repeat what failed. */
  retry(): void {
    this._problem = null;
    this._next();
  }

  private _isKnown(target: TokenSpan): boolean {
    const key = keyOf(target);
    return (
      this._scores.get(key)?.complete === true ||
      this._active?.targets.some(t => keyOf(t) === key) === true
    );
  }

  /** Whether the running job computes a target now or next. */
  private _isSoon(key: string): boolean {
    const left = this._active?.targets.filter(
      t => !this._scores.get(keyOf(t))?.complete
    );
    return left?.slice(0, 2).some(t => keyOf(t) === key) === true;
  }

  /** Leave the running job; its missing targets return to the queue. */
  private _stop(): void {
    const active = this._active;
    if (active) {
      this._active = null;
      this._putBack(active.targets);
      active.abort.abort();
      if (active.id !== null) {
        // The job may have ended, or the server may be gone: both are fine.
        this._client.cancelJob(active.id).catch(() => undefined);
      }
    }
  }

  /** Queue a job's missing targets. */
  private _putBack(targets: readonly TokenSpan[]): void {
    const queued = new Set(this._queue.map(keyOf));
    this._queue.push(
      ...targets.filter(
        t => !this._scores.get(keyOf(t))?.complete && !queued.has(keyOf(t))
      )
    );
  }

  private _next(): void {
    if (this._active || this.isDisposed || this._problem) {
      return;
    }
    this._queue = this._queue.filter(
      t => !this._scores.get(keyOf(t))?.complete
    );
    if (this._isPaused && this._urgent === null) {
      this._changed.emit();
      return;
    }
    const [past, ...later] = this._past;
    if (past) {
      this._past = later;
      void this._resume(past);
    } else if (this._queue.length > 0) {
      // A prioritized target gets its own job, so that it is done first.
      const fit = Math.floor(
        MAX_SCORES / (this._ids.length * AUTOMATIC.length)
      );
      const count =
        this._urgent === keyOf(this._queue[0])
          ? 1
          : Math.max(1, Math.min(fit, MAX_TARGETS));
      const targets = this._queue.splice(0, count);
      this._urgent = null;
      void this._compute(targets);
    }
    this._changed.emit();
  }

  private async _compute(targets: TokenSpan[]): Promise<void> {
    const active = this._begin(targets, null);
    try {
      const { id } = await this._client.startJob({
        kind: 'salience',
        model: this._model,
        ids: [...this._ids],
        targets: targets.map(([start, end]) => ({ start, end })),
        methods: [...AUTOMATIC]
      });
      active.id = id;
      if (active.abort.signal.aborted) {
        // It was cancelled during the request.
        this._client.cancelJob(id).catch(() => undefined);
        return;
      }
      this._jobs = [...this._jobs, { id, targets }].slice(-MAX_JOBS);
      const ended = await this._follow(active, id);
      if (this._active !== active) {
        return;
      }
      if (ended?.event === 'error') {
        this._fail(describe(ended), targets);
        return;
      }
      if (ended?.event === 'cancelled') {
        // Another page cancelled it: this one leaves its jobs before it cancels them.
        this._fail(
          {
            message: this._trans.__('The computation was cancelled.'),
            hint: this._trans.__('Try again to see what led to the answer.'),
            remedies: ['retry']
          },
          targets
        );
        return;
      }
    } catch (reason) {
      if (this._active === active && !isAbort(reason)) {
        this._fail(problemOf(reason, this._trans), targets);
      }
      return;
    }
    this._active = null;
    this._next();
  }

  /** Follow a job of an earlier page, then compute its missing targets. */
  private async _resume(job: ISavedJob): Promise<void> {
    const active = this._begin(job.targets, job.id);
    this._jobs = [...this._jobs, job].slice(-MAX_JOBS);
    try {
      await this._follow(active, job.id);
    } catch (reason) {
      const isGone = reason instanceof ApiError && reason.status === 404;
      if (isGone) {
        this._jobs = this._jobs.filter(one => one !== job);
      } else if (!isAbort(reason)) {
        console.warn('LIT Lab: a computation could not be followed', reason);
      }
    }
    if (this._active === active) {
      this._active = null;
      this._putBack(job.targets);
      this._next();
    }
  }

  private _begin(targets: readonly TokenSpan[], id: string | null): IActive {
    this._message = this._trans.__('Computing salience');
    this._restarted = '';
    return (this._active = { targets, abort: new AbortController(), id });
  }

  /** Take a job's events; returns the last one. */
  private async _follow(active: IActive, id: string): Promise<JobEvent | null> {
    let ended: JobEvent | null = null;
    const { signal } = active.abort;
    for await (const event of this._client.events(id, 0, signal)) {
      if (this._active !== active) {
        return null;
      }
      ended = event;
      this._take(event);
    }
    return ended;
  }

  private _take(event: JobEvent): void {
    if (event.event === 'scores') {
      this._put(event);
      this._message = this._restarted || this._trans.__('Computing salience');
      this._changed.emit();
    } else if (event.event === 'restarted') {
      this._message = this._restarted = event.message;
      this._changed.emit();
    } else if (event.event === 'state') {
      this._message = event.message;
      this._changed.emit();
    }
  }

  private _put(event: ScoresEvent): void {
    const key = keyOf([event.target.start, event.target.end]);
    const scores = { ...this._scores.get(key), [event.method]: event.scores };
    this._scores.set(key, {
      ...scores,
      complete: AUTOMATIC.every(method => scores[method])
    });
  }

  private _fail(problem: IProblem, targets: readonly TokenSpan[]): void {
    this._active = null;
    this._problem = problem;
    this._queue.unshift(...targets);
    this._changed.emit();
  }

  private readonly _client: ScoresClient;
  private readonly _model: string;
  private readonly _ids: readonly number[];
  private readonly _trans: TranslationBundle;
  private readonly _scores = new Map<string, IScores>();
  private _queue: TokenSpan[] = [];
  /** Jobs of an earlier page that are still to be followed. */
  private _past: readonly ISavedJob[] = [];
  private _jobs: readonly ISavedJob[] = [];
  private _urgent: string | null = null;
  private _active: IActive | null = null;
  private _message = '';
  private _restarted = '';
  private _problem: IProblem | null = null;
  private _isPaused = false;
}

type IScores = Partial<Record<Method, readonly number[]>> & {
  complete?: boolean;
};

/** A running job. */
interface IActive {
  readonly targets: readonly TokenSpan[];
  readonly abort: AbortController;
  id: string | null;
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
