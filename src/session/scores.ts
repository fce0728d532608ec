import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient, JobEvent, Method, ScoresEvent } from '../api';
import type { TokenSpan } from '../salience';
import { AUTOMATIC } from './methods';
import { describe, problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** What this store asks of the client. */
export type ScoresClient = Pick<ApiClient, 'startJob' | 'events' | 'cancelJob'>;

/** Most targets in one request; the server refuses more. */
const MAX_TARGETS = 4096;

/** Most scores in one job: the server holds 64 MiB of a result, and a score takes about 20 bytes of it. */
const MAX_SCORES = 2_000_000;

/** Most jobs that are kept over a reload. */
const MOST_JOBS = 8;

/** A job that computes targets, as it is kept over a reload. */
export interface ISavedJob {
  readonly id: string;
  readonly targets: readonly TokenSpan[];
}

/**
 * Scores of one sequence of tokens, by target and method.
 *
 * Targets are computed in the background, one job at a time. One that the user
 * asks for goes first: the job under way is stopped, and what it left undone
 * is asked for again afterwards.
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

  /** What the job under way waits for or does, in words; empty if none is. */
  get message(): string {
    return this._active ? this._message : '';
  }

  /** Why the last job failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether a job is under way. */
  get isBusy(): boolean {
    return this._active !== null;
  }

  /**
   * Leave the model to another job, because it does one thing at a time, or
   * compute again. A prioritized target is computed either way.
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

  /** `<float32>[num_tokens]`, or null when not computed yet. */
  get(target: TokenSpan, method: Method): readonly number[] | null {
    return this._scores.get(keyOf(target))?.[method] ?? null;
  }

  /** All that are there. */
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

  /** Jobs that computed scores, the last one last: a later page can follow them. */
  get jobs(): readonly ISavedJob[] {
    return [...this._jobs, ...this._past].slice(-MOST_JOBS);
  }

  /**
   * Follow an earlier page's jobs before anything is computed: what they have
   * done, or are about to do, isn't done twice.
   */
  resume(jobs: readonly ISavedJob[]): void {
    this._past = [...this._past, ...jobs];
    this._next();
  }

  /** Take scores that were computed earlier. */
  keep(events: readonly ScoresEvent[]): void {
    events.forEach(event => this._put(event));
  }

  /** Compute targets that aren't yet, when nothing else is to be done. */
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

  /** Stop; what is left undone is computed when it is demanded again. */
  cancel(): void {
    this._stop();
    this._queue = [];
    this._urgent = null;
    this._changed.emit();
  }

  /** Try again what failed. */
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

  /** Whether the job under way comes to a target at once, or is at it. */
  private _isSoon(key: string): boolean {
    const left = this._active?.targets.filter(
      t => !this._scores.get(keyOf(t))?.complete
    );
    return left?.slice(0, 2).some(t => keyOf(t) === key) === true;
  }

  /** Leave the job under way; what it left undone goes back to the queue. */
  private _stop(): void {
    const active = this._active;
    if (active) {
      this._active = null;
      this._putBack(active.targets);
      active.abort.abort();
      if (active.id !== null) {
        // It may have ended by now, and the server may be gone: both are fine.
        this._client.cancelJob(active.id).catch(() => undefined);
      }
    }
  }

  /** Queue what a job left undone. */
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
      // One that the user waits for comes alone: the first to be done.
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
        // Left while it was being asked for.
        this._client.cancelJob(id).catch(() => undefined);
        return;
      }
      this._jobs = [...this._jobs, { id, targets }].slice(-MOST_JOBS);
      const ended = await this._follow(active, id);
      if (this._active !== active) {
        return;
      }
      if (ended?.event === 'error') {
        this._fail(describe(ended), targets);
        return;
      }
      if (ended?.event === 'cancelled') {
        // Not by us: we would have left it.
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

  /** Follow a job of an earlier page. What it leaves undone is computed anew. */
  private async _resume(job: ISavedJob): Promise<void> {
    const active = this._begin(job.targets, job.id);
    this._jobs = [...this._jobs, job].slice(-MOST_JOBS);
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
    return (this._active = { targets, abort: new AbortController(), id });
  }

  /** Take a job's events; gives the last one. */
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
      this._message = this._trans.__('Computing salience');
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
  /** Jobs of an earlier page, still to be followed. */
  private _past: readonly ISavedJob[] = [];
  private _jobs: readonly ISavedJob[] = [];
  private _urgent: string | null = null;
  private _active: IActive | null = null;
  private _message = '';
  private _problem: IProblem | null = null;
  private _isPaused = false;
}

type IScores = Partial<Record<Method, readonly number[]>> & {
  complete?: boolean;
};

/** A job under way. */
interface IActive {
  readonly targets: readonly TokenSpan[];
  readonly abort: AbortController;
  id: string | null;
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
