import type { TranslationBundle } from '@jupyterlab/translation';

import type { ApiClient } from '../api';
import { checkTurns, isSameTurns } from './conversation';
import { Model } from './model';
import { checkPrompt } from './problem';
import type { IProblem } from './problem';
import type { PromptModel } from './prompt';
import { isUnderWay } from './run';
import type { IRun } from './run';
import { Runner } from './runner';
import type { RunnerClient } from './runner';
import { Samples } from './samples';
import type { ServiceModel } from './service';
import { countOf, samplingOf } from './settings';
import type { ISettings } from './settings';

/** The part of the client that runs use. */
export type RunsClient = RunnerClient & Pick<ApiClient, 'run'>;

/** The inputs of a run. */
export interface IRunInputs {
  readonly prompt: PromptModel;
  readonly service: ServiceModel;
  /** Name of the chosen model; null before the server has listed its models. */
  readonly model: string | null;
  readonly settings: ISettings;
}

/** Runs the prompt, and keeps the results and failures of its runs. */
export class Runs extends Model {
  /**
   * @param inputs - read at each run. Call `leave`, `dropStale` and `dismissLeft` when
   *   they change.
   */
  constructor(
    client: RunsClient,
    inputs: IRunInputs,
    trans: TranslationBundle
  ) {
    super();
    this._inputs = inputs;
    this._trans = trans;
    this.runner = new Runner(client, trans);
    this.samples = new Samples(this.runner, client);
    this.runner.changed.connect(this._emit, this);
    this.samples.changed.connect(this._emit, this);
  }

  /** Follows one run. */
  readonly runner: Runner;

  /** The answers of the last run, if it generates several. */
  readonly samples: Samples;

  /** The run whose answer is shown, or null. */
  get shown(): IRun | null {
    return this.runner.run;
  }

  /** A run without an answer to show yet, or null. */
  get attempt(): IRun | null {
    return this.runner.attempt;
  }

  /** Whether the model is answering, or will answer. */
  get isRunning(): boolean {
    return (
      isUnderWay(this.attempt) || isUnderWay(this.shown) || this.samples.hasMore
    );
  }

  /** Whether the prompt has changed since the shown run. */
  get isStale(): boolean {
    const { shown } = this;
    return shown !== null && !this._isOfPrompt(shown);
  }

  /** The fields whose values alone make the prompt differ from the shown run's. */
  get changedFields(): ReadonlySet<string> {
    const { shown } = this;
    const changed =
      shown && this.isStale ? this._inputs.prompt.changedFields(shown) : null;
    return changed ?? new Set();
  }

  /**
   * Why the last run has no complete answer, or null. A failure belongs to a model and a
   * prompt, so it doesn't show for others.
   */
  get failure(): IProblem | null {
    const failed = this.attempt ?? this.shown;
    return failed && this._isLeft(failed) ? null : (failed?.problem ?? null);
  }

  /** The problem of the prompt, which is shown before any request. */
  get promptProblem(): IProblem | null {
    const { prompt, service, settings } = this._inputs;
    const limits = service.status?.limits ?? null;
    const isOff = settings.chat === 'off';
    const problem =
      (prompt.turns && checkTurns(prompt.turns, isOff, this._trans)) ??
      checkPrompt(prompt.value, limits, this._trans);
    const isBegun = prompt.turns?.every(turn => turn.text !== '') ?? true;
    return (prompt.value === '' || !isBegun) && !this._isRequested
      ? null
      : problem;
  }

  protected release(): void {
    this.samples.dispose();
    this.runner.dispose();
  }

  /**
   * Run the prompt. Settles when all its answers are complete.
   *
   * @param forcedAnswer - a text that the model scores instead of answering.
   * @param given - settings of this run alone, instead of the user's.
   */
  async generate(
    forcedAnswer?: string,
    given?: Partial<ISettings>
  ): Promise<void> {
    this._isRequested = true;
    const { prompt, service } = this._inputs;
    const turn = this._turn;
    await prompt.settled();
    if (this._inputs.model === null) {
      await service.refresh();
    }
    if (turn !== this._turn) {
      return; // The user has opened another prompt meanwhile.
    }
    const { model } = this._inputs;
    const settings = { ...this._inputs.settings, ...given };
    if (this.promptProblem || model === null || this.isRunning) {
      this._emit();
      return;
    }
    this._isRequested = false;
    const limit = service.status?.limits.max_new_tokens ?? Infinity;
    const { turns } = prompt;
    await this.samples.draw(
      {
        model,
        prompt: prompt.value,
        ...(turns && { turns }),
        values: prompt.values,
        sampling: samplingOf(settings),
        stop: settings.stop,
        chat: settings.chat,
        thinking: settings.thinking,
        origin: prompt.runOrigin,
        ...(forcedAnswer !== undefined && { forcedAnswer })
      },
      Math.min(settings.maxNewTokens, limit),
      forcedAnswer === undefined ? countOf(settings) : 1
    );
  }

  /**
   * Score a text as if it were the answer: how probable it is for the model, and what
   * would make the model generate it. Settles when its probabilities are known.
   */
  score(text: string): Promise<void> {
    return text === '' ? Promise.resolve() : this.generate(text);
  }

  /** Repeat what failed. Complete samples stay. */
  retry(): Promise<void> {
    return this.samples.isCutShort
      ? this.samples.goOn()
      : this.generate((this.attempt ?? this.shown)?.forcedAnswer);
  }

  /**
   * Stop the answer, and generate no further samples. The tokens so far stay and can be
   * explained.
   */
  stop(): void {
    this.samples.end();
    this.runner.stop();
    this._emit();
  }

  /** Dismiss the failure of an attempt. */
  dismiss(): void {
    this.runner.dismiss();
  }

  /** Show a run that has ended, from the history. */
  show(run: IRun): void {
    this.samples.end();
    this.runner.abandon();
    this.runner.show(run);
  }

  /** Cancel requests that haven't started, because another prompt replaces the prompt. */
  leave(): void {
    this._isRequested = false;
    this._turn++;
  }

  /** Drop the answers to a prompt that was replaced. */
  dropStale(): void {
    if (this.attempt && !this._isOfPrompt(this.attempt)) {
      this.samples.end();
      this.runner.abandon();
    }
    if (this.isStale) {
      this.samples.end();
      this.runner.clear();
    }
    this._emit();
  }

  /** Dismiss the failure of an attempt with another model or prompt. */
  dismissLeft(): void {
    const { attempt } = this;
    if (attempt && !isUnderWay(attempt) && this._isLeft(attempt)) {
      this.runner.dismiss();
    }
  }

  /** Whether a run has another model than the chosen one, or another prompt. */
  private _isLeft(run: IRun): boolean {
    const { model } = this._inputs;
    return (model !== null && run.model !== model) || !this._isOfPrompt(run);
  }

  /** Whether a run has the current prompt. */
  private _isOfPrompt(run: IRun): boolean {
    const { prompt } = this._inputs;
    return run.prompt === prompt.value && isSameTurns(run.turns, prompt.turns);
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _inputs: IRunInputs;
  private readonly _trans: TranslationBundle;
  /** Whether the user tried to run the prompt, so that an empty prompt is a problem. */
  private _isRequested = false;
  /** How many prompts were replaced. */
  private _turn = 0;
}
