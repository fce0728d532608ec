import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { ApiClient, ModelInfo, RunRecord } from '../api';
import { ContrastModel } from './contrast';
import { answerOf, turnsAfter } from './conversation';
import { countableOf, TokenCounter } from './count';
import { Explanation } from './explanation';
import { ForcedAnswerModel } from './forcedAnswer';
import { PromptModel } from './prompt';
import { isUnderWay, keptRun, recordOf } from './run';
import { Runs } from './runs';
import { SessionSaver } from './saver';
import type { ISavedSession } from './saved';
import type { ServiceClient } from './service';
import { ServiceModel } from './service';
import { DEFAULT_SETTINGS, isOfSettings } from './settings';
import type { ISettings } from './settings';
import { Shading } from './shading';
import type { IPromptSource } from './source';
import type { Splitter } from './splitter';
import type { ISession, IShownRun } from './tokens';
import { Model } from './model';

/**
 * The analysis in progress: a prompt, its runs, a target, and the target's map.
 *
 * A session connects its parts, each of which is a model with its own signal.
 * Views redraw when `changed` is emitted. The values that they compare by identity
 * (`runs.shown`, `explanation.text`, `explanation.map`, `settings`) are immutable.
 */
export class Session extends Model implements ISession {
  /**
   * @param splitter - cuts by the user's expression; the session disposes of it.
   */
  constructor(
    client: Session.Client,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
    super();
    this.prompt = new PromptModel();
    this.service = new ServiceModel(client, trans);
    this.runs = new Runs(client, this, trans);
    this._splitter = splitter;
    this.explanation = new Explanation(client, trans, splitter);
    this.forcedAnswer = new ForcedAnswerModel();
    this.contrast = new ContrastModel(client, this.explanation, trans);
    this.counter = new TokenCounter(client);
    const { prompt, forcedAnswer, explanation } = this;
    const { runner, samples } = this.runs;
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
    this.runs.changed.connect(this._onRun, this);
    this.explanation.changed.connect(this._onExplanation, this);
  }

  /** The prompt and where it came from. */
  readonly prompt: PromptModel;

  /** The model service's state. */
  readonly service: ServiceModel;

  /** The runs of the prompt, one of them shown. */
  readonly runs: Runs;

  /** The forced answer that the user is writing. */
  readonly forcedAnswer: ForcedAnswerModel;

  /** Counts the prompt's tokens while it is typed. */
  readonly counter: TokenCounter;

  /** Explains the shown answer: its text, a target, and the target's map. */
  readonly explanation: Explanation;

  /** Sets a foil against the target. */
  readonly contrast: ContrastModel;

  /** Name of the chosen model; null before the server has listed its models. */
  get model(): string | null {
    const { models, status } = this.service;
    const chosen = models.find(model => model.name === this._model);
    // Of a model service elsewhere, the server knows no default: it is an empty name.
    return chosen?.name ?? (status?.default_model || (models[0]?.name ?? null));
  }

  set model(name: string | null) {
    this._model = name;
    this.runs.dismissLeft();
    this._emit();
  }

  /** The chosen model; null before the server has listed its models. */
  get modelInfo(): ModelInfo | null {
    const { model } = this;
    return this.service.models.find(({ name }) => name === model) ?? null;
  }

  /** The user's settings. */
  get settings(): ISettings {
    return this._settings;
  }

  set settings(settings: ISettings) {
    this._settings = settings;
    this.explanation.setSettings(settings);
  }

  /** Cuts by the user's expression; null: the granularity `custom` isn't available. */
  get splitter(): Splitter | null {
    return this._splitter;
  }

  /** What is wrong with the user's expression; or empty. */
  get patternProblem(): string {
    return this._splitter?.problem ?? '';
  }

  get shown(): IShownRun | null {
    const { shown: run, isStale } = this.runs;
    const { target } = this.explanation;
    if (!run || isUnderWay(run) || run.answerTokens.length === 0) {
      return null;
    }
    const link = this.prompt.source?.link ?? this.prompt.lostLink;
    // A run replayed after a reload doesn't contain its origin.
    const origin = run.origin ?? (isStale ? null : this.prompt.runOrigin);
    return {
      id: run.jobId,
      record: () => {
        const { kept, effects } = this.explanation;
        return recordOf({ ...run, origin }, kept, effects?.kept);
      },
      target,
      link
    };
  }

  /** Emitted when a prompt opens, so that the panel can open too. */
  get opened(): ISignal<this, void> {
    return this._opened;
  }

  protected release(): void {
    this._splitter?.dispose();
    this.contrast.dispose();
    this.counter.dispose();
    this.forcedAnswer.dispose();
    this.explanation.dispose();
    this.runs.dispose();
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
    this._open(source);
    this._opened.emit();
  }

  claim(): () => boolean {
    const claim = ++this._claims;
    const turn = this._turn;
    return () =>
      claim === this._claims && turn === this._turn && !this.isDisposed;
  }

  /**
   * Go back to the text that the user edited and left, and to its place. If that
   * is another place, the answer is dropped, as when a prompt opens.
   */
  takeBack(): void {
    if (this.prompt.isLeftElsewhere) {
      this._change(() => this.prompt.takeBack());
    } else {
      this.prompt.takeBack();
    }
  }

  /**
   * Open a prompt and run it, without moving the focus to the panel. If the shown
   * run already has this prompt, model and settings, it stays.
   *
   * @param settings - of this run alone, instead of the user's.
   */
  async analyze(
    source: IPromptSource,
    settings?: Partial<ISettings>
  ): Promise<void> {
    this._open(source);
    const { shown: run } = this.runs;
    const isThere =
      run !== null &&
      run.model === this.model &&
      isOfSettings(run, { ...this._settings, ...settings }) &&
      (isUnderWay(run) || run.phase === 'done');
    if (!isThere) {
      await this.runs.generate(undefined, settings);
    }
  }

  /**
   * Show a run from the history, without the model.
   *
   * @param source - of its prompt; the session disposes of it.
   */
  reopen(run: RunRecord, source: IPromptSource): void {
    this._leave();
    this.prompt.open(source);
    this.runs.show(keptRun(run));
    this._opened.emit();
  }

  /** Whether the answer can become the next turn: it is complete, and the prompt was sent as a turn, or as several. */
  get canContinue(): boolean {
    const { shown, isRunning, isStale } = this.runs;
    return (
      shown !== null &&
      (shown.chatUse === 'turns' || shown.chatUse === 'wrapped') &&
      shown.forcedAnswer === undefined &&
      !isRunning &&
      !isStale &&
      answerOf(shown).trim() !== ''
    );
  }

  /** Make the answer the conversation's next turn, and begin a user's after it. */
  continueAnswer(): void {
    const { shown } = this.runs;
    if (shown && this.canContinue) {
      this.prompt.editTurns(turnsAfter(shown));
    }
  }

  /** Show another sample, if all are complete. */
  showSample(index: number): void {
    if (!this.runs.isRunning) {
      const { kept, effects } = this.explanation;
      this.runs.samples.show(index, kept, effects?.kept ?? []);
    }
  }

  /** Scroll the prompt's document to a segment of the text, if that is open; the focus stays. */
  showInSource(index: number): void {
    this._shading.show(index);
  }

  /** Scroll the text to a token. */
  reveal(token: number): void {
    this._revealed.emit(token);
  }

  /** Emitted when a token of the text should scroll into view. */
  get revealed(): ISignal<this, number> {
    return this._revealed;
  }

  /** Whether what was shown before a reload is being restored. */
  get isRestoring(): boolean {
    return this._saver.isRestoring;
  }

  /** Id of the run whose target the user had cleared before a reload, or null. */
  get clearedRun(): string | null {
    return this._saver.clearedRun;
  }

  /** What to save over a reload of the page. */
  save(): ISavedSession {
    return this._saver.save(this._model);
  }

  /**
   * Restore a saved session, and follow its jobs that still run. Settles when all
   * of them have ended.
   */
  async restore(saved: ISavedSession): Promise<void> {
    this._model = saved.model;
    const turn = this._turn;
    const isWanted = () => turn === this._turn && !this.isDisposed;
    await this._saver.restore(saved, isWanted);
  }

  private _open(source: IPromptSource): void {
    this._change(() => this.prompt.open(source));
    void this.service.warm();
  }

  /** Replace the prompt; answers to the old one are dropped. */
  private _change(take: () => void): void {
    this._leave();
    take();
    this.runs.dropStale();
  }

  /** Another prompt is about to replace the prompt. */
  private _leave(): void {
    // The old source must not stay shaded.
    this._shading.clear();
    this.runs.leave();
    this._saver.forget();
    this._turn++;
  }

  private _onPrompt(): void {
    this.runs.dismissLeft();
    this._emit();
    this._shading.paint();
  }

  private _onRun(): void {
    this.explanation.setRun(this.runs.shown);
    // The maps of a sample wait until all samples are complete.
    this.explanation.setPaused(
      isUnderWay(this.runs.attempt) || this.runs.samples.hasMore
    );
  }

  private _onExplanation(): void {
    this._shading.update();
    this._emit();
  }

  private _emit(): void {
    if (!this.isDisposed) {
      const working = this.runs.isRunning || this.explanation.isBusy;
      if (working !== this._working) {
        this._working = working;
        this.service.watch(this._visible, working);
      }
      this._count();
      this._changed.emit();
    }
  }

  /** Report whether the panel is visible. */
  watch(visible: boolean): void {
    this._visible = visible;
    this.service.watch(visible, this._working);
    this._count();
  }

  private _count(): void {
    this.counter.watch(this._visible ? countableOf(this) : null);
  }

  private readonly _splitter: Splitter | null;
  private readonly _shading: Shading;
  private readonly _saver: SessionSaver;
  private readonly _opened = new Signal<this, void>(this);
  private readonly _revealed = new Signal<this, number>(this);
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _model: string | null = null;
  /** How many prompts replaced another. */
  private _turn = 0;
  /** How many claims were made. */
  private _claims = 0;
  private _visible = false;
  private _working = false;
}

/** Namespace for the session's types. */
export namespace Session {
  /** What a session needs from the client. */
  export type Client = ServiceClient &
    Pick<
      ApiClient,
      | 'startJob'
      | 'events'
      | 'cancelJob'
      | 'estimate'
      | 'run'
      | 'tokens'
      | 'countTokens'
    >;
}
