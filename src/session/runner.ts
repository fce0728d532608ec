import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient } from '../api';
import { problemOf } from './problem';
import { applyEvent, failRun, isUnderWay, jobOf, startRun } from './run';
import type { IRun, IRunRequest } from './run';
import { Model } from './model';

/** The part of the client that a runner uses. */
export type RunnerClient = Pick<ApiClient, 'startJob' | 'events' | 'cancelJob'>;

/**
 * Runs prompts, one at a time, and follows their answers.
 *
 * A run is an attempt until its answer begins. Until then, and if the attempt fails, the
 * previous answer stays visible.
 */
export class Runner extends Model {
  constructor(client: RunnerClient, trans: TranslationBundle) {
    super();
    this._client = client;
    this._trans = trans;
  }

  /** The run whose answer is shown, or null. */
  get run(): IRun | null {
    return this._run;
  }

  /** A run without an answer to show yet, or null. */
  get attempt(): IRun | null {
    return this._attempt;
  }

  protected release(): void {
    // The job continues, so that a reload can show its answer.
    this._abort?.abort();
  }

  /** Run a prompt. Settles when its answer is complete; never rejects. */
  async start(request: IRunRequest, maxNewTokens: number): Promise<void> {
    this._leave();
    const abort = (this._abort = new AbortController());
    this._set(
      startRun(request, this._trans.__('Contacting the Jupyter server'))
    );
    try {
      const { id } = await this._client.startJob(jobOf(request, maxNewTokens));
      if (abort.signal.aborted) {
        this._client.cancelJob(id).catch(() => undefined);
        return;
      }
      this._set({ ...this._current!, jobId: id });
      await this._follow(id, abort.signal);
    } catch (reason) {
      this._fail(reason, abort.signal);
    }
  }

  /**
   * Follow a job that an earlier page started.
   *
   * @param started - when it started, in milliseconds since the epoch.
   * @returns false if the server no longer has it; the user then sees no problem.
   */
  async replay(
    request: IRunRequest,
    jobId: string,
    started = Date.now()
  ): Promise<boolean> {
    this._leave();
    const abort = (this._abort = new AbortController());
    this._set({
      ...startRun(request, this._trans.__('Fetching the last answer')),
      jobId,
      started
    });
    try {
      await this._follow(jobId, abort.signal);
    } catch (reason) {
      if (abort.signal.aborted) {
        return true;
      }
      const isUnknown = reason instanceof ApiError && reason.status === 404;
      if (isUnknown && this._attempt) {
        this.dismiss();
        return false;
      }
      this._fail(reason, abort.signal);
    }
    return true;
  }

  /** Show a run that has ended, from the history. */
  show(run: IRun): void {
    this._leave();
    this._run = run;
    this._changed.emit();
  }

  /** Stop the answer. Its tokens so far stay. */
  stop(): void {
    const run = this._current;
    if (!run || !isUnderWay(run)) {
      return;
    }
    this._abort?.abort();
    if (run.jobId) {
      this._client.cancelJob(run.jobId).catch(() => undefined);
    }
    this._set({ ...run, phase: 'stopped', message: '', numAgain: null });
  }

  /** Stop an attempt, or dismiss its failure. A shown answer stays. */
  abandon(): void {
    if (isUnderWay(this._attempt)) {
      this.stop();
    }
    this.dismiss();
  }

  /** Dismiss an attempt that failed or was stopped. */
  dismiss(): void {
    this._attempt = null;
    this._changed.emit();
  }

  /** Show nothing. */
  clear(): void {
    this._leave();
    this._run = null;
    this._attempt = null;
    this._changed.emit();
  }

  private get _current(): IRun | null {
    return this._attempt ?? this._run;
  }

  private _leave(): void {
    if (isUnderWay(this._current)) {
      this.stop();
    }
    this._attempt = null;
  }

  private async _follow(id: string, signal: AbortSignal): Promise<void> {
    for await (const event of this._client.events(id, 0, signal)) {
      if (signal.aborted) {
        return;
      }
      this._set(applyEvent(this._current!, event, this._trans));
    }
  }

  private _fail(reason: unknown, signal: AbortSignal): void {
    if (!signal.aborted && !isAbort(reason) && this._current) {
      this._set(failRun(this._current, problemOf(reason, this._trans)));
    }
  }

  /** Store the new state of the run, and show the run once its answer has begun. */
  private _set(run: IRun): void {
    if (this.isDisposed) {
      return;
    }
    const isShown = this._run?.key === run.key;
    if (isShown || run.answerTokens.length > 0 || run.phase === 'done') {
      this._run = run;
      this._attempt = null;
    } else {
      this._attempt = run.phase === 'stopped' ? null : run;
    }
    this._changed.emit();
  }

  private readonly _client: RunnerClient;
  private readonly _trans: TranslationBundle;
  private _run: IRun | null = null;
  private _attempt: IRun | null = null;
  private _abort: AbortController | null = null;
}
