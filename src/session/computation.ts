import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient, CostlyRequest, Estimate, JobEvent } from '../api';
import { describe, problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** The part of the client that a computation uses. */
export type ComputationClient = Pick<
  ApiClient,
  'startJob' | 'events' | 'cancelJob' | 'estimate'
>;

/** The state of a computation. */
export type ComputationPhase = 'offered' | 'running' | 'done' | 'failed';

/** A computation that takes less than this many seconds starts without a click. */
export const UNASKED = 1.5;

/**
 * One job on demand: its cost before the start, its progress and its result.
 *
 * @typeParam R - the result so far; each event replaces it as a whole.
 */
export class Computation<R> extends Model {
  /**
   * @param take - returns the result after one more event.
   */
  constructor(
    client: ComputationClient,
    readonly request: CostlyRequest,
    private readonly _none: R,
    private readonly _take: (result: R, event: JobEvent) => R,
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._trans = trans;
    this._result = _none;
  }

  get phase(): ComputationPhase {
    return this._phase;
  }

  /** The estimated cost; null if unknown. */
  get estimate(): Estimate | null {
    return this._estimate;
  }

  /** The progress, in the computation's own steps; null before the first step. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this._progress;
  }

  /** What the computation waits for; empty while it computes. */
  get message(): string {
    return this._message;
  }

  /** When the computation started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** Whether the user cancelled it, here or on another page. */
  get wasCancelled(): boolean {
    return this._wasCancelled;
  }

  /** The result so far. */
  get result(): R {
    return this._result;
  }

  /** Why the computation failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** The job that computes or computed the result; null if there is none. */
  get jobId(): string | null {
    return this._phase === 'running' || this._phase === 'done'
      ? this._job
      : null;
  }

  protected release(): void {
    this._leave();
  }

  /**
   * Request the cost, unless it is known.
   *
   * @param unasked - whether to start the computation if it is quick, or if the estimate
   *   would take longer; but not after the user cancelled it.
   */
  async offer(unasked: boolean): Promise<void> {
    if (this._phase !== 'offered' || this._isAsking || this.isDisposed) {
      return;
    }
    this._isAsking = true;
    try {
      // A model's speed is unknown before its first pass: try again later.
      if (this._estimate === null || this._estimate.seconds === null) {
        this._estimate = await this._client.estimate(this.request);
      }
    } catch (reason) {
      // It can start without an estimate. If starting fails for the same reason,
      // the failure says so.
      console.warn('LIT Lab: no estimate', reason);
    }
    this._isAsking = false;
    if (this.isDisposed || this._phase !== 'offered') {
      return;
    }
    const seconds = this._estimate?.seconds ?? null;
    if (unasked && !this._wasCancelled && seconds !== null) {
      if (seconds < UNASKED) {
        this.start();
        return;
      }
    }
    this._changed.emit();
  }

  /** Use a result that was computed earlier. */
  recall(result: R): void {
    if (this._phase === 'offered') {
      this._result = result;
      this._become('done');
    }
  }

  /** Start the computation, or start it again after a failure. */
  start(): void {
    if (this._phase === 'offered' || this._phase === 'failed') {
      void this._run();
    }
  }

  /** Follow an earlier page's job. If the server no longer has the job, the computation can start again. */
  resume(id: string): void {
    this._past = id;
    // A view that has just requested this computation may be rendering.
    queueMicrotask(() => {
      if (this._past !== null && !this.isDisposed) {
        this.start();
      }
    });
  }

  /** Stop the computation. It can start again. */
  cancel(): void {
    if (this._phase === 'running') {
      this._wasCancelled = true;
      this._leave();
      this._become('offered');
    }
  }

  private _leave(): void {
    const { _abort: abort, _id: id } = this;
    this._abort = null;
    this._id = null;
    abort?.abort();
    if (id !== null) {
      // The job may have ended, or the server may be unavailable: ignore both.
      this._client.cancelJob(id).catch(() => undefined);
    }
  }

  private _become(phase: ComputationPhase): void {
    this._phase = phase;
    if (phase === 'offered' || phase === 'failed') {
      this._result = this._none;
    }
    this._progress = null;
    this._message = '';
    this._changed.emit();
  }

  private async _run(): Promise<void> {
    const past = this._past;
    this._past = null;
    const abort = (this._abort = new AbortController());
    this._problem = null;
    this._since = Date.now();
    this._become('running');
    let ended: JobEvent | null = null;
    try {
      const id = past ?? (await this._client.startJob(this.request)).id;
      if (abort.signal.aborted) {
        // It was cancelled during the request.
        this._client.cancelJob(id).catch(() => undefined);
        return;
      }
      this._id = this._job = id;
      for await (const event of this._client.events(id, 0, abort.signal)) {
        if (abort.signal.aborted) {
          return;
        }
        ended = event;
        this._on(event);
      }
    } catch (reason) {
      if (abort.signal.aborted || isAbort(reason)) {
        return;
      }
      if (
        past !== null &&
        reason instanceof ApiError &&
        reason.status === 404
      ) {
        this._abort = null;
        this._id = null;
        this._become('offered');
      } else {
        this._fail(problemOf(reason, this._trans));
      }
      return;
    }
    if (abort.signal.aborted) {
      return;
    }
    this._abort = null;
    this._id = null;
    if (ended?.event === 'error') {
      this._fail(describe(ended));
    } else {
      // Another page cancelled the job: treat it as cancelled here as well.
      this._wasCancelled ||= ended?.event === 'cancelled';
      this._become(ended?.event === 'done' ? 'done' : 'offered');
    }
  }

  private _on(event: JobEvent): void {
    if (event.event === 'progress') {
      this._progress = { done: event.done, total: event.total };
      this._message = '';
    } else if (event.event === 'state' || event.event === 'restarted') {
      this._message = event.message;
    } else {
      this._result = this._take(this._result, event);
    }
    this._changed.emit();
  }

  private _fail(problem: IProblem): void {
    this._abort = null;
    this._id = null;
    this._problem = problem;
    this._become('failed');
  }

  private readonly _client: ComputationClient;
  private readonly _trans: TranslationBundle;
  private _phase: ComputationPhase = 'offered';
  private _estimate: Estimate | null = null;
  private _isAsking = false;
  private _wasCancelled = false;
  private _progress: { done: number; total: number } | null = null;
  private _message = '';
  private _since = 0;
  private _result: R;
  private _problem: IProblem | null = null;
  /** The running job. */
  private _id: string | null = null;
  /** An earlier page's job to follow instead of starting a new one. */
  private _past: string | null = null;
  /** The last job. */
  private _job: string | null = null;
  private _abort: AbortController | null = null;
}
