import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient, CostlyRequest, Estimate, JobEvent } from '../api';
import { describe, problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** What a computation asks of the client. */
export type ComputationClient = Pick<
  ApiClient,
  'startJob' | 'events' | 'cancelJob' | 'estimate'
>;

/** How far a computation is. */
export type ComputationPhase = 'offered' | 'running' | 'done' | 'failed';

/** Seconds below which one that was offered starts by itself. */
export const UNASKED = 1.5;

/**
 * One job that is computed on demand: its cost beforehand, its progress, its
 * result.
 *
 * @typeParam R - what its events are made into so far; replaced, never altered.
 */
export class Computation<R> extends Model {
  /**
   * @param take - the result after one more event.
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

  /** What it would cost; null while that is unknown. */
  get estimate(): Estimate | null {
    return this._estimate;
  }

  /** How far it is, in steps of its own; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this._progress;
  }

  /** What it waits for, in words; empty while it computes. */
  get message(): string {
    return this._message;
  }

  /** When it was started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** What came so far. */
  get result(): R {
    return this._result;
  }

  /** Why it failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** The job that computes its result, or did; null where there is none. */
  get jobId(): string | null {
    return this._phase === 'running' || this._phase === 'done'
      ? this._job
      : null;
  }

  protected release(): void {
    this._leave();
  }

  /**
   * Ask what it would cost, unless that is known.
   *
   * @param unasked - Whether to start it when it is quick, or costs so little
   *   that asking would take longer. Not again once it was cancelled.
   */
  async offer(unasked: boolean): Promise<void> {
    if (this._phase !== 'offered' || this._isAsking || this.isDisposed) {
      return;
    }
    this._isAsking = true;
    try {
      // Before a model's first pass nobody knows its speed: ask again later.
      if (this._estimate === null || this._estimate.seconds === null) {
        this._estimate = await this._client.estimate(this.request);
      }
    } catch (reason) {
      // Without an estimate it can be computed all the same; and should that
      // fail for the same reason, it will say so.
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

  /** Have a result that was computed earlier. */
  recall(result: R): void {
    if (this._phase === 'offered') {
      this._result = result;
      this._become('done');
    }
  }

  /** Compute; again, if it failed. */
  start(): void {
    if (this._phase === 'offered' || this._phase === 'failed') {
      void this._run();
    }
  }

  /** Follow the job of an earlier page, in a moment; where it is gone, be on offer. */
  resume(id: string): void {
    this._past = id;
    // A view may be being drawn that has just asked for this computation.
    queueMicrotask(() => {
      if (this._past !== null && !this.isDisposed) {
        this.start();
      }
    });
  }

  /** Stop, and be on offer again. */
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
      // It may have ended by now, and the server may be gone: both are fine.
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
        // Left while it was being asked for.
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
      // Cancelled elsewhere: as if it was here.
      this._wasCancelled ||= ended?.event === 'cancelled';
      this._become(ended?.event === 'done' ? 'done' : 'offered');
    }
  }

  private _on(event: JobEvent): void {
    if (event.event === 'progress') {
      this._progress = { done: event.done, total: event.total };
      this._message = '';
    } else if (event.event === 'state') {
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
  /** The job under way. */
  private _id: string | null = null;
  /** An earlier page's job, to be followed rather than start another. */
  private _past: string | null = null;
  /** The last job. */
  private _job: string | null = null;
  private _abort: AbortController | null = null;
}
