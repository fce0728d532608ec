import type { TranslationBundle } from '@jupyterlab/translation';

import type { KeptScores } from '../api';
import { segment } from '../salience';
import type { CustomStarts, TokenSpan } from '../salience';
import { ablationSegments } from './ablationSegments';
import type { Computation, ComputationClient } from './computation';
import type { DemandedScores, ITest } from './demand';
import type { IFoil } from './contrast';
import { cutText, mapOf } from './map';
import type { IShownMap, IText } from './map';
import { memo } from './memo';
import { isGradient, METHOD_NAMES, METHODS } from './methods';
import type { MapMethod } from './methods';
import { Model } from './model';
import { isUnderWay, tokensOf } from './run';
import type { IRun } from './run';
import { RunScores } from './runscores';
import type { IDemand, ISavedWork } from './runscores';
import type { ScoreStore } from './scores';
import { DEFAULT_SETTINGS } from './settings';
import type { ISettings } from './settings';
import type { Splitter } from './splitter';

/** What an explanation asks of the client. */
export type ExplanationClient = ComputationClient;

/**
 * What led to a run's answer: the text in segments, a target, and its map.
 *
 * `text` and `map` are made anew only when something they are made of changed.
 */
export class Explanation extends Model {
  /**
   * @param splitter - cuts by the user's expression; not this one's to dispose
   *   of. Without one that granularity is sentences.
   */
  constructor(
    client: ExplanationClient,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
    super();
    this._client = client;
    this._trans = trans;
    this._splitter = splitter;
    splitter?.changed.connect(this._update, this);
  }

  /** Name of the model that the run was asked of; null where there is no run. */
  get model(): string | null {
    return this._run?.model ?? null;
  }

  /** The run's text in segments; null before there are tokens. */
  get text(): IText | null {
    return this._text;
  }

  /** What is to be explained: a span of the answer's tokens, or null. */
  get target(): TokenSpan | null {
    return this._target;
  }

  /** The foil that the target is set against: why the target rather than this; or null. */
  get foil(): IFoil | null {
    return this._foil;
  }

  /** The part of the text that the map is of; null: all of it. */
  get within(): TokenSpan | null {
    return this._within;
  }

  /** When the target was chosen, in milliseconds since the epoch. */
  get targetSince(): number {
    return this._targetSince;
  }

  /** The target's map; null while there is no target or it is being computed. */
  get map(): IShownMap | null {
    return this._map;
  }

  /** Scores of the run; null before its answer is complete. */
  get scores(): ScoreStore | null {
    return this._computed?.automatic ?? null;
  }

  /** All scores of the run that are computed. */
  get kept(): KeptScores[] {
    return this._computed?.all ?? [];
  }

  /** Jobs that compute, or have computed, what led to the run's answer. */
  get jobs(): ISavedWork {
    return this._computed?.jobs ?? { salience: [], demanded: [] };
  }

  /**
   * Follow jobs of an earlier page once a run is complete, rather than compute
   * the same again.
   *
   * @param run - id of the run's job.
   */
  resume(run: string, work: ISavedWork): void {
    this._past = { run, work };
  }

  /** Whether anything is being computed. */
  get isBusy(): boolean {
    return this._computed?.isBusy === true;
  }

  /**
   * What the target's map must be asked for; null without a target, and for a
   * method whose scores come by themselves.
   */
  get demand(): IDemand | null {
    return this._demand;
  }

  /** The test of the map; null where there is no map, or nothing to order. */
  get test(): Computation<ITest> | null {
    const { _map: map, _text: text } = this;
    if (!map || !text || !this._computed) {
      return null;
    }
    const parts = ablationSegments(text.segments, map.target);
    if (parts.length < 2) {
      return null;
    }
    const scores = parts.map(({ index }) => map.segments[index].score);
    return this._computed.onDemand.test(
      { method: map.method, scores },
      map.target,
      parts,
      this._settings.ablationMode,
      this._foil?.ids
    );
  }

  /** The target's maps by all methods that are computed, the shown one among them. */
  get maps(): readonly IShownMap[] {
    return METHOD_NAMES.flatMap(method => this._mapBy(method) ?? []);
  }

  protected release(): void {
    this._splitter?.changed.disconnect(this._update, this);
    this._computed?.dispose();
  }

  /** Take what the user chose. */
  setSettings(settings: ISettings): void {
    const { method } = this._settings;
    this._settings = settings;
    if (this._splitter) {
      this._splitter.pattern = settings.pattern;
    }
    if (settings.method !== method) {
      this._prioritizeTarget();
    }
    this._update();
  }

  /** Take the run to explain, or its next state. */
  setRun(run: IRun | null): void {
    if (run?.key !== this._run?.key) {
      // Nothing of the last one holds.
      this._anchor = null;
      this._target = null;
      this._foil = null;
      this._within = null;
      this._computed?.dispose();
      this._computed = null;
    }
    this._run = run;
    if (
      run &&
      this._computed === null &&
      !isUnderWay(run) &&
      run.answerTokens.length > 0
    ) {
      this._score(run);
    }
    this._update();
  }

  /** Leave the model to a run, or compute again. What is on demand is computed either way. */
  setPaused(isPaused: boolean): void {
    this._isPaused = isPaused;
    this._computed?.setPaused(isPaused);
  }

  /** Map a part of the text, so that shares are of that part; null: all of it. */
  restrict(within: TokenSpan | null): void {
    this._within = within;
    this._update();
  }

  /**
   * Make the segment that holds a token the target.
   *
   * @param extend - Whether to extend the target there is, instead.
   * @returns whether it can be one: only segments of the answer can.
   */
  pickSegment(token: number, extend = false): boolean {
    const text = this._text;
    if (!text || token < text.seam || !this._computed) {
      return false;
    }
    // A segment that the target cuts is picked as a whole.
    const whole = segment(
      text.tokens,
      text.seam,
      this._settings.granularity,
      this._custom
    ).find(([start, end]) => start <= token && token < end);
    if (!whole) {
      return false;
    }
    const anchor = (extend ? this._anchor : null) ?? whole;
    this.setTarget(
      [Math.min(anchor[0], whole[0]), Math.max(anchor[1], whole[1])],
      anchor
    );
    return true;
  }

  /**
   * Take a target, or none.
   *
   * @param anchor - what stays in it when it is extended.
   * @param foil - what it is set against.
   */
  setTarget(
    target: TokenSpan | null,
    anchor: TokenSpan | null = target,
    foil: IFoil | null = null
  ): void {
    this._anchor = anchor;
    this._target = target;
    this._foil = target && foil;
    this._targetSince = Date.now();
    this._prioritizeTarget();
    this._update();
  }

  /** Have no target. */
  clear(): void {
    this.setTarget(null);
  }

  /** Compute the target's scores before all others, if its method is automatic. */
  private _prioritizeTarget(): void {
    if (this._target && this._isAutomatic(this._settings.method)) {
      this._computed?.automatic.prioritize(this._target);
    }
  }

  /** Whether a method's scores of the target are computed without being requested. */
  private _isAutomatic(method: MapMethod): boolean {
    return METHODS[method].isAutomatic && this._foil === null;
  }

  /** Compute all sentences of the answer, so that a click paints at once. */
  private _score(run: IRun): void {
    const computed = new RunScores(this._client, run, this._trans);
    this._computed = computed;
    computed.changed.connect(this._update, this);
    computed.setPaused(this._isPaused);
    if (run.kept) {
      // What is missing is computed when it is clicked, by a model that may
      // have to be loaded for it.
      computed.recall(run.kept);
      return;
    }
    if (this._past?.run === run.jobId) {
      computed.resume(this._past.work);
      this._past = null;
    }
    const tokens = tokensOf(run);
    const seam = run.promptTokens.length;
    const chosen = this._settings.granularity;
    const coarse = chosen === 'lines' || chosen === 'paragraphs';
    const targets = segment(tokens, seam, 'sentences').concat(
      coarse ? segment(tokens, seam, chosen) : []
    );
    // The sequence's first token is never predicted.
    computed.automatic.request(
      targets.filter(([start]) => start >= seam && start > 0)
    );
  }

  /** Where the user's expression cuts, if it does. */
  private get _custom(): CustomStarts | null {
    return this._settings.granularity === 'custom'
      ? (this._splitter?.cut ?? null)
      : null;
  }

  /** Make text, demand and map anew where their dependencies changed. */
  private _update(): void {
    if (this.isDisposed) {
      return;
    }
    const { granularity, method, aggregation, intensity, ablationMode } =
      this._settings;
    const { _run: run, _target: target, _custom: custom } = this;
    this._text = this._makeText(
      () =>
        run && run.promptTokens.length > 0
          ? cutText(run, granularity, target, custom)
          : null,
      run?.promptTokens,
      run?.answerTokens,
      granularity,
      target,
      custom
    );
    const demand = this._makeDemand(
      () => (this._isAutomatic(method) ? null : this._demandBy(method)),
      this._text,
      this._computed,
      method,
      ablationMode,
      this._foil
    );
    if (demand !== this._demand) {
      this._demand = demand;
      this._offer(demand, method);
    }
    this._map = this._makeMap(
      () => this._mapBy(method),
      this._text,
      this._scoresBy(method),
      aggregation,
      intensity,
      this._within
    );
    this._changed.emit();
  }

  /**
   * Start what is quick, and a contrast that the user requested by a method
   * that is automatic for plain targets.
   */
  private _offer(demand: IDemand | null, method: MapMethod): void {
    const computation = demand?.computation;
    if (this._foil && METHODS[method].isAutomatic) {
      computation?.start();
    } else {
      void computation?.offer(true);
    }
  }

  /**
   * What a method would compute for a target, whether it is chosen or not.
   *
   * @param text - in segments, of which those before the target are taken away.
   * @param foil - ids in the target's place, of a contrastive target.
   * @returns null before the answer is complete.
   */
  demandFor(
    method: MapMethod,
    text: IText,
    target: TokenSpan,
    foil: readonly number[] | null = null
  ): IDemand | null {
    return (
      this._computed?.demand(
        method,
        text,
        target,
        this._settings.ablationMode,
        foil
      ) ?? null
    );
  }

  /** What a method would compute for the target. */
  private _demandBy(method: MapMethod): IDemand | null {
    const { _text: text, _target: target } = this;
    return text && target
      ? this.demandFor(method, text, target, this._foil?.ids)
      : null;
  }

  /** The target's scores by a method; null when not computed yet. */
  private _scoresBy(method: MapMethod): readonly number[] | DemandedScores {
    if (isGradient(method) && this._isAutomatic(method)) {
      return this._target && (this.scores?.get(this._target, method) ?? null);
    }
    return this._demandBy(method)?.computation?.result ?? null;
  }

  /** The target's map by a method; null when it can't be made yet. */
  private _mapBy(method: MapMethod): IShownMap | null {
    const { _text: text, _target: target } = this;
    const scores = this._scoresBy(method);
    if (!text || !target || !scores) {
      return null;
    }
    const options = { ...this._settings, method, within: this._within };
    return mapOf(text, scores, target, options);
  }

  private readonly _splitter: Splitter | null;
  private readonly _client: ExplanationClient;
  private readonly _trans: TranslationBundle;
  private readonly _makeText = memo<IText | null>();
  private readonly _makeDemand = memo<IDemand | null>();
  private readonly _makeMap = memo<IShownMap | null>();
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _run: IRun | null = null;
  private _computed: RunScores | null = null;
  private _demand: IDemand | null = null;
  private _isPaused = false;
  private _past: { readonly run: string; readonly work: ISavedWork } | null =
    null;
  private _target: TokenSpan | null = null;
  private _foil: IFoil | null = null;
  private _within: TokenSpan | null = null;
  private _targetSince = 0;
  private _anchor: TokenSpan | null = null;
  private _text: IText | null = null;
  private _map: IShownMap | null = null;
}
