import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ApiClient, ModelInfo, RunRecord } from '../api';
import { ContrastModel } from './contrast';
import { countableOf, TokenCounter } from './count';
import { Explanation } from './explanation';
import { ForcedAnswerModel } from './forcedAnswer';
import { PromptModel } from './prompt';
import { checkPrompt } from './problem';
import type { IProblem } from './problem';
import { isUnderWay, keptRun, recordOf } from './run';
import type { IRun } from './run';
import { Runner } from './runner';
import { Samples } from './samples';
import { SessionSaver } from './saver';
import type { ISavedSession } from './saved';
import { ServiceModel } from './service';
import {
  countOf,
  DEFAULT_SETTINGS,
  isOfSettings,
  samplingOf
} from './settings';
import type { ISettings } from './settings';
import { Shading } from './shading';
import type { IPromptSource } from './source';
import type { Splitter } from './splitter';
import type { ISession, IShownRun } from './tokens';
import { Model } from './model';

/**
 * The analysis under way: a prompt, its run, a target, and the target's map.
 *
 * Views read it and draw themselves anew when `changed` is emitted; the values
 * that they compare by identity (`run`, `text`, `map`, `settings`) are
 * replaced, never altered.
 */
export class Session extends Model implements ISession {
  /**
   * @param splitter - cuts by the user's expression; the session's to dispose
   *   of from now on.
   */
  constructor(
    client: Session.Client,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
    super();
    this._trans = trans;
    this.prompt = new PromptModel();
    this.service = new ServiceModel(client, trans);
    this._runner = new Runner(client, trans);
    this.samples = new Samples(this._runner, client);
    this._splitter = splitter;
    this.explanation = new Explanation(client, trans, splitter);
    this.forcedAnswer = new ForcedAnswerModel();
    this.contrast = new ContrastModel(client, this.explanation, trans);
    this.counter = new TokenCounter(client);
    const {
      prompt,
      forcedAnswer,
      samples,
      explanation,
      _runner: runner
    } = this;
    this._shading = new Shading(prompt, runner, explanation, trans);
    this._saver = new SessionSaver(client, {
      prompt,
      forcedAnswer,
      samples,
      explanation,
      runner
    });
    this.counter.changed.connect(this._emit, this);
    this.forcedAnswer.changed.connect(this._emit, this);
    this.contrast.changed.connect(this._emit, this);
    this.prompt.changed.connect(this._onPrompt, this);
    this.service.changed.connect(this._emit, this);
    this._runner.changed.connect(this._onRun, this);
    this.samples.changed.connect(this._onRun, this);
    this.explanation.changed.connect(this._onExplanation, this);
  }

  /** The prompt and where it came from. */
  readonly prompt: PromptModel;

  /** The model service's state. */
  readonly service: ServiceModel;

  /** The answers that the last Run made, where it was to make several. */
  readonly samples: Samples;

  /** A text to be explained in place of an answer, as it is being written. */
  readonly forcedAnswer: ForcedAnswerModel;

  /** Counts the prompt's tokens while it is typed. */
  readonly counter: TokenCounter;

  /** What led to the shown answer: its text, a target, and the target's map. */
  readonly explanation: Explanation;

  /** Sets the target against what might have been said instead. */
  readonly contrast: ContrastModel;

  /** The run whose answer is shown, or null. */
  get run(): IRun | null {
    return this._runner.run;
  }

  /** A run that has no answer to show yet, or null. */
  get attempt(): IRun | null {
    return this._runner.attempt;
  }

  /** Whether the model is answering, or about to. */
  get isRunning(): boolean {
    return this._isAnswering || this.samples.hasMore;
  }

  /** Name of the model that runs; null before the server has listed its models. */
  get model(): string | null {
    const { models, status } = this.service;
    const chosen = models.find(model => model.name === this._model);
    return chosen?.name ?? status?.default_model ?? models[0]?.name ?? null;
  }

  set model(name: string | null) {
    this._model = name;
    this._letGo();
    this._emit();
  }

  /** What is known of the model that runs; null before the server has said. */
  get modelInfo(): ModelInfo | null {
    const { model } = this;
    return this.service.models.find(({ name }) => name === model) ?? null;
  }

  /** What the user chose. */
  get settings(): ISettings {
    return this._settings;
  }

  set settings(settings: ISettings) {
    this._settings = settings;
    this.explanation.setSettings(settings);
  }

  /** Cuts by the user's expression; null where nothing can. */
  get splitter(): Splitter | null {
    return this._splitter;
  }

  /** What is wrong with the user's expression, in words; or empty. */
  get patternProblem(): string {
    return this._splitter?.problem ?? '';
  }

  get shown(): IShownRun | null {
    const { run } = this;
    const { target } = this.explanation;
    if (!run || isUnderWay(run) || run.answerTokens.length === 0) {
      return null;
    }
    const link = this.prompt.source?.link ?? this.prompt.lostLink;
    // One that was replayed after a reload doesn't say where it came from.
    const origin = run.origin ?? (this.isStale ? null : this.prompt.runOrigin);
    return {
      id: run.jobId,
      record: () => recordOf({ ...run, origin }, this.explanation.kept),
      target,
      link
    };
  }

  /** Whether the prompt is no longer what the shown run was asked. */
  get isStale(): boolean {
    return this.run !== null && this.run.prompt !== this.prompt.value;
  }

  /**
   * Why the last run has no answer, or not all of it; null where it has. A
   * failure is the chosen model's and the prompt's: once either is another one,
   * there is none.
   */
  get failure(): IProblem | null {
    const failed = this.attempt ?? this.run;
    return failed && this._isLeft(failed) ? null : (failed?.problem ?? null);
  }

  /** What is wrong with the prompt; shown before any request is made. */
  get promptProblem(): IProblem | null {
    const limits = this.service.status?.limits ?? null;
    const problem = checkPrompt(this.prompt.value, limits, this._trans);
    return this.prompt.value === '' && !this._asked ? null : problem;
  }

  /** Emitted when a prompt was taken up, so that the panel can open. */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  protected release(): void {
    this._splitter?.dispose();
    this.contrast.dispose();
    this.counter.dispose();
    this.forcedAnswer.dispose();
    this.explanation.dispose();
    this.samples.dispose();
    this._runner.dispose();
    this.service.dispose();
    this.prompt.dispose();
  }

  get lostLink(): ISession['lostLink'] {
    return this.prompt.lostLink;
  }

  relink(source: IPromptSource): void {
    this.prompt.relink(source);
  }

  open(source: IPromptSource): void {
    this._take(source);
    this._opened.emit();
  }

  claim(): () => boolean {
    const claim = ++this._claims;
    const turn = this._turn;
    return () =>
      claim === this._claims && turn === this._turn && !this.isDisposed;
  }

  /**
   * Go back to the text that was edited by hand and left, and to its place. The
   * answer to a prompt from elsewhere goes, as when a prompt is opened.
   */
  takeBack(): void {
    if (this.prompt.isLeftElsewhere) {
      this._change(() => this.prompt.takeBack());
    } else {
      this.prompt.takeBack();
    }
  }

  /**
   * Take a prompt up and run it, where the focus stays on what it was chosen
   * from. An answer of the chosen model to that very prompt is shown instead.
   */
  async analyze(source: IPromptSource): Promise<void> {
    this._take(source);
    const { run } = this;
    const isThere =
      run !== null &&
      run.model === this.model &&
      isOfSettings(run, this._settings) &&
      (isUnderWay(run) || run.phase === 'done');
    if (!isThere) {
      await this.generate();
    }
  }

  /**
   * Show a run of the history as it was, without the model.
   *
   * @param source - of its prompt; the session's to dispose of from now on.
   */
  reopen(run: RunRecord, source: IPromptSource): void {
    this._leave();
    this.samples.end();
    this._runner.abandon();
    this.prompt.open(source);
    this._runner.show(keptRun(run));
    this._opened.emit();
  }

  /**
   * Explain a text as if it were the answer: how likely the model finds it, and
   * what would make it say so. Settles when its probabilities are known.
   */
  score(text: string): Promise<void> {
    return text === '' ? Promise.resolve() : this.generate(text);
  }

  /** Do again what failed; samples that are there stay. */
  retry(): Promise<void> {
    return this.samples.isCutShort
      ? this.samples.goOn()
      : this.generate((this.attempt ?? this.run)?.forcedAnswer);
  }

  /**
   * Run the prompt. Settles when the answer is complete, or all samples are.
   *
   * @param forcedAnswer - a text to be taken for the answer; left out: the model's own.
   */
  async generate(forcedAnswer?: string): Promise<void> {
    this._asked = true;
    const turn = this._turn;
    await this.prompt.settled();
    if (this.model === null) {
      await this.service.refresh();
    }
    if (turn !== this._turn) {
      return; // Another prompt was taken up meanwhile: that one wasn't meant.
    }
    const model = this.model;
    if (this.promptProblem || model === null || this.isRunning) {
      this._emit();
      return;
    }
    this._asked = false;
    const limit = this.service.status?.limits.max_new_tokens ?? Infinity;
    await this.samples.draw(
      {
        model,
        prompt: this.prompt.value,
        values: this.prompt.values,
        sampling: samplingOf(this._settings),
        stop: this._settings.stop,
        chat: this._settings.chat,
        thinking: this._settings.thinking,
        origin: this.prompt.runOrigin,
        ...(forcedAnswer !== undefined && { forcedAnswer })
      },
      Math.min(this._settings.maxNewTokens, limit),
      forcedAnswer === undefined ? countOf(this._settings) : 1
    );
  }

  /**
   * Stop the answer, and make no other samples; what came so far stays and can
   * be explained.
   */
  stop(): void {
    this.samples.end();
    this._runner.stop();
    this._onRun();
  }

  /** Show another sample, once all are there. */
  showSample(index: number): void {
    if (!this.isRunning) {
      this.samples.show(index, this.explanation.kept);
    }
  }

  /** Let go of an attempt's failure. */
  dismiss(): void {
    this._runner.dismiss();
  }

  /** Show a token in the text. */
  reveal(token: number): void {
    this._revealed.emit(token);
  }

  /** Emitted when a token of the text should come into view. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  /** What to save over a reload of the page. */
  save(): ISavedSession {
    return this._saver.save(this._model);
  }

  /**
   * Restore what was saved, and follow the jobs that still run. Settles when all
   * of them have ended.
   */
  async restore(saved: ISavedSession): Promise<void> {
    this._model = saved.model;
    const turn = this._turn;
    const isWanted = () => turn === this._turn && !this.isDisposed;
    await this._saver.restore(saved, isWanted);
  }

  private get _isAnswering(): boolean {
    return isUnderWay(this.attempt) || isUnderWay(this.run);
  }

  private _take(source: IPromptSource): void {
    this._change(() => this.prompt.open(source));
    void this.service.warm();
  }

  /** Let a prompt take another one's place: its answer is another one too. */
  private _change(take: () => void): void {
    this._leave();
    take();
    if (this.attempt && this.attempt.prompt !== this.prompt.value) {
      this.samples.end();
      this._runner.abandon();
    }
    if (this.isStale) {
      this.samples.end();
      this._runner.clear();
    }
    this._onRun();
  }

  /** Leave the prompt and its answer for another. */
  private _leave(): void {
    // The old source is let go of without its shades.
    this._shading.clear();
    this._asked = false;
    this._saver.forget();
    this._turn++;
  }

  /** Whether a run is of another model than the chosen one, or of another prompt. */
  private _isLeft(run: IRun): boolean {
    const { model } = this;
    return (
      (model !== null && run.model !== model) ||
      run.prompt !== this.prompt.value
    );
  }

  /** Let go of an attempt's failure once what it was about is left. */
  private _letGo(): void {
    const { attempt } = this;
    if (attempt && !isUnderWay(attempt) && this._isLeft(attempt)) {
      this._runner.dismiss();
    }
  }

  private _onPrompt(): void {
    this._letGo();
    this._emit();
    this._shading.paint();
  }

  private _onRun(): void {
    this.explanation.setRun(this.run);
    // Maps of a sample wait until all samples are there.
    this.explanation.setPaused(
      isUnderWay(this.attempt) || this.samples.hasMore
    );
  }

  private _onExplanation(): void {
    this._shading.update();
    this._emit();
  }

  private _emit(): void {
    if (!this.isDisposed) {
      const working = this.isRunning || this.explanation.isBusy;
      if (working !== this._working) {
        this._working = working;
        this.service.watch(this._visible, working);
      }
      this._count();
      this._changed.emit();
    }
  }

  /** Say whether somebody looks. */
  watch(visible: boolean): void {
    this._visible = visible;
    this.service.watch(visible, this._working);
    this._count();
  }

  private _count(): void {
    this.counter.watch(this._visible ? countableOf(this) : null);
  }

  private readonly _trans: TranslationBundle;
  private readonly _splitter: Splitter | null;
  private readonly _runner: Runner;
  private readonly _shading: Shading;
  private readonly _saver: SessionSaver;
  private readonly _opened = new Signal<this, void>(this);
  private readonly _revealed = new Signal<this, number>(this);
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _model: string | null = null;
  private _asked = false;
  /** Prompts that were taken up. */
  private _turn = 0;
  /** Prompts that somebody began to fetch. */
  private _claims = 0;
  private _visible = false;
  private _working = false;
}

/** Namespace for the session's types. */
export namespace Session {
  /** What a session asks of the client. */
  export type Client = Pick<
    ApiClient,
    | 'status'
    | 'models'
    | 'startService'
    | 'restartService'
    | 'setUpService'
    | 'stopSetup'
    | 'log'
    | 'startJob'
    | 'events'
    | 'cancelJob'
    | 'estimate'
    | 'run'
    | 'tokens'
    | 'countTokens'
  >;
}
