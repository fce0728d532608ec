import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { ApiClient } from '../api';
import type { ComputationClient } from '../session/computation';
import { Explanation } from '../session/explanation';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import { isUnderWay, keptRun } from '../session/run';
import type { IRun, IRunRequest } from '../session/run';
import { Runner } from '../session/runner';
import type { Splitter } from '../session/splitter';

/** What a side needs from the client. */
export type SideClient = ComputationClient &
  Pick<ApiClient, 'run' | 'startJob' | 'events' | 'cancelJob'>;

/** A side's progress. */
export type SidePhase =
  /** It loads from the history. */
  | 'loading'
  /** It could not be loaded. */
  | 'missing'
  /** The model is answering, or about to. */
  | 'running'
  /** The run stopped, or failed, before there was an answer. */
  | 'unanswered'
  | 'shown';

/**
 * A side of a comparison: a run, and the explanation of its answer.
 *
 * Any run can be a side: one of the history, one of this page, one in progress. A
 * forced answer can be one too, in the place of `answerTokens`.
 */
export class CompareSide extends Model {
  /**
   * @param splitter - cuts by the user's expression; its owner disposes of it.
   *   Without one, the granularity `custom` means sentences.
   */
  constructor(
    client: SideClient,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
    super();
    this._client = client;
    this._trans = trans;
    this._runner = new Runner(client, trans);
    this.explanation = new Explanation(client, trans, splitter);
    this._runner.changed.connect(this._onRun, this);
    this.explanation.changed.connect(this._emit, this);
  }

  /** Explains its answer: text, target, map. */
  readonly explanation: Explanation;

  /** The run; its answer is empty at first. Null without a run. */
  get run(): IRun | null {
    return this._runner.run ?? this._runner.attempt;
  }

  get phase(): SidePhase {
    if (this._loadingSince !== null) {
      return 'loading';
    }
    const { run } = this;
    if (isUnderWay(run)) {
      return 'running';
    }
    const isAnswered = run !== null && run.promptTokens.length > 0;
    if (isAnswered && (run.answerTokens.length > 0 || run.phase === 'done')) {
      return 'shown';
    }
    return this._request ? 'unanswered' : 'missing';
  }

  /** Its run's name, or empty. */
  get title(): string {
    return this.run?.title ?? this._request?.title ?? '';
  }

  /** Id of its run in the history, if known. */
  get id(): string | null {
    return this.run?.jobId ?? this._id;
  }

  /** When loading started, in milliseconds since the epoch; null if it isn't loading. */
  get loadingSince(): number | null {
    return this._loadingSince;
  }

  /** Why there is no run or no answer, or null. */
  get problem(): IProblem | null {
    return this._problem ?? this.run?.problem ?? null;
  }

  protected release(): void {
    this.explanation.dispose();
    this._runner.dispose();
  }

  /** Show a run. */
  show(run: IRun): void {
    this._id = run.jobId;
    this._problem = null;
    this._runner.show(run);
  }

  /**
   * Show a run of the history. Never rejects.
   *
   * @returns whether the run could be loaded. If not, the side is `missing`, and says why.
   */
  async load(id: string): Promise<boolean> {
    this._id = id;
    this._loadingSince = Date.now();
    this._problem = null;
    this._emit();
    try {
      const record = await this._client.run(id);
      this._loadingSince = null;
      if (!this.isDisposed && this._id === id) {
        this._runner.show(keptRun(record));
      }
      return true;
    } catch (reason) {
      this._loadingSince = null;
      this._problem = whyMissing(reason, this._trans);
      this._emit();
      return false;
    }
  }

  /**
   * Show a run of this page: as the history has it, with its scores, or else as it
   * is. Never rejects.
   */
  async take(run: IRun): Promise<void> {
    this._id = run.jobId;
    this._loadingSince = Date.now();
    this._emit();
    const kept =
      run.jobId === null
        ? null
        : await this._client.run(run.jobId).catch(() => null);
    this._loadingSince = null;
    if (!this.isDisposed && this._id === run.jobId) {
      this.show(kept ? keptRun(kept) : run);
    }
  }

  /** Run a prompt. Settles when its answer is complete; never rejects. */
  async generate(request: IRunRequest, maxNewTokens: number): Promise<void> {
    this._request = request;
    this._maxNewTokens = maxNewTokens;
    this._problem = null;
    await this._runner.start(request, maxNewTokens);
  }

  /**
   * Follow a run that an earlier page started; if the server no longer has it, the
   * user can run it again.
   */
  async follow(
    request: IRunRequest,
    maxNewTokens: number,
    id: string | null
  ): Promise<void> {
    this._request = request;
    this._maxNewTokens = maxNewTokens;
    this._problem = null;
    if (id !== null) {
      await this._runner.replay(request, id);
    }
    this._emit();
  }

  /** Stop the answer; the tokens so far stay. */
  stop(): void {
    this._runner.stop();
  }

  /** Repeat what failed: loading the run, or running the prompt. */
  retry(): void {
    if (this._request) {
      void this.generate(this._request, this._maxNewTokens);
    } else if (this._id !== null) {
      void this.load(this._id);
    }
  }

  private _onRun(): void {
    // This emits, too.
    this.explanation.setRun(this.run);
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: SideClient;
  private readonly _trans: TranslationBundle;
  private readonly _runner: Runner;
  private _request: IRunRequest | null = null;
  private _maxNewTokens = 0;
  private _id: string | null = null;
  private _loadingSince: number | null = null;
  private _problem: IProblem | null = null;
}

/** Why a run of the history can't be loaded, and what to do. */
function whyMissing(reason: unknown, trans: TranslationBundle): IProblem {
  const code = reason instanceof ApiError ? reason.error : '';
  switch (code) {
    case 'unknown_run':
      return {
        message: trans.__('This run is no longer in the history.'),
        hint: trans.__(
          'It was deleted, by a user or to free space. Choose another run from the history.'
        ),
        remedies: []
      };
    case 'history_off':
      return {
        message: trans.__('This run can’t be restored.'),
        hint: trans.__(
          'The history is off, so the run was lost with its page. Run its prompt again, or switch the history on with c.LitLab.history in the configuration.'
        ),
        remedies: []
      };
    default:
      return problemOf(reason, trans);
  }
}
