import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { KeptScores } from '../api';
import { segment } from '../salience';
import type { CustomStarts, TokenSpan } from '../salience';
import type { Computation, ComputationClient } from './computation';
import { OnDemand } from './demand';
import type { DemandedScores, IDemandedJob, ITest } from './demand';
import type { IOther } from './contrast';
import { cutText, mapOf } from './map';
import type { IShownMap, IText } from './map';
import { isGradient, METHOD_NAMES, METHODS } from './methods';
import type { MapMethod } from './methods';
import { MAX_ABLATION_SEGMENTS, ablationSegments } from './ablationSegments';
import { isUnderWay, tokensOf } from './run';
import type { IRun } from './run';
import { ScoreStore } from './scores';
import type { ISavedJob } from './scores';
import { DEFAULT_SETTINGS } from './settings';
import type { ISettings } from './settings';
import type { Splitter } from './splitter';

/** What an explanation asks of the client. */
export type ExplanationClient = ComputationClient;

/** A target's scores by a method that computes them only when asked. */
export interface IDemand {
  /** Null when it is refused. */
  readonly computation: Computation<DemandedScores> | null;
  /** How many segments are ablated; 0 for a gradient method. */
  readonly numSegments: number;
  /** Why it can't be computed: too many segments, or none before the target. */
  readonly refusal: 'many' | 'nothing' | null;
}

/** Jobs that compute what led to an answer, as they are kept over a reload. */
export interface ISavedWork {
  readonly salience: readonly ISavedJob[];
  readonly demanded: readonly IDemandedJob[];
}

/**
 * What led to a run's answer: the text in segments, a target, and its map.
 *
 * `text` and `map` are made anew only when something they are made of changed.
 */
export class Explanation implements IDisposable {
  /**
   * @param splitter - cuts by the user's expression; not this one's to dispose
   *   of. Without one that granularity is sentences.
   */
  constructor(
    client: ExplanationClient,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
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

  /** What the target is set against: why it rather than this; or null. */
  get other(): IOther | null {
    return this._other;
  }

  /** The part of the text that the map is of; null: all of it. */
  get within(): TokenSpan | null {
    return this._within;
  }

  set within(within: TokenSpan | null) {
    this._within = within;
    this._update();
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
    return this._scores;
  }

  /** All scores of the run that are there. */
  get kept(): KeptScores[] {
    const automatic = this._scores?.all ?? [];
    return [
      ...automatic.map((event): KeptScores => ({ mode: null, event })),
      ...(this._onDemand?.all ?? [])
    ];
  }

  /** Jobs that computed, or compute, what led to the run's answer. */
  get jobs(): ISavedWork {
    return {
      salience: this._scores?.jobs ?? [],
      demanded: this._onDemand?.jobs ?? []
    };
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
    return this._scores?.isBusy === true || this._onDemand?.isBusy === true;
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
    if (!map || !text || !this._onDemand) {
      return null;
    }
    const parts = ablationSegments(text.segments, map.target);
    if (parts.length < 2) {
      return null;
    }
    const scores = parts.map(({ index }) => map.segments[index].score);
    return this._onDemand.test(
      { method: map.method, scores },
      map.target,
      parts,
      this._settings.ablationMode,
      this._other?.ids
    );
  }

  /** The target's maps by all methods that are computed, the shown one among them. */
  get maps(): readonly IShownMap[] {
    return METHOD_NAMES.flatMap(method => this._mapBy(method) ?? []);
  }

  /** Emitted when anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._splitter?.changed.disconnect(this._update, this);
      this._scores?.dispose();
      this._onDemand?.dispose();
      Signal.clearData(this);
    }
  }

  /** Take what the user chose. */
  set settings(settings: ISettings) {
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
  set run(run: IRun | null) {
    if (run?.key !== this._run?.key) {
      // Nothing of the last one holds.
      this._anchor = null;
      this._target = null;
      this._other = null;
      this._within = null;
      this._scores?.dispose();
      this._scores = null;
      this._onDemand?.dispose();
      this._onDemand = null;
    }
    this._run = run;
    if (
      run &&
      this._scores === null &&
      !isUnderWay(run) &&
      run.answerTokens.length > 0
    ) {
      this._score(run);
    }
    this._update();
  }

  /** Whether to leave the model to a run, and compute only what is demanded. */
  set isPaused(isPaused: boolean) {
    if (isPaused && !this._isPaused) {
      this._onDemand?.cancel();
    }
    this._isPaused = isPaused;
    this._pause();
  }

  /**
   * Make the segment that holds a token the target.
   *
   * @param extend - Whether to extend the target there is, instead.
   * @returns whether it can be one: only segments of the answer can.
   */
  pickSegment(token: number, extend = false): boolean {
    const text = this._text;
    if (!text || token < text.seam || !this._scores) {
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
   * @param other - what it is set against.
   */
  setTarget(
    target: TokenSpan | null,
    anchor: TokenSpan | null = target,
    other: IOther | null = null
  ): void {
    this._anchor = anchor;
    this._target = target;
    this._other = target && other;
    this._targetSince = Date.now();
    this._prioritizeTarget();
    this._update();
  }

  /** See to it that the target's scores come, if they come by themselves. */
  private _prioritizeTarget(): void {
    if (this._target && this._comesByItself(this._settings.method)) {
      this._scores?.prioritize(this._target);
    }
  }

  /** Whether a method's scores of the target are computed unasked. */
  private _comesByItself(method: MapMethod): boolean {
    return METHODS[method].isAutomatic && this._other === null;
  }

  /** The model does one thing at a time: what is waited for goes first. */
  private _pause(): void {
    if (this._scores) {
      this._scores.isPaused = this._isPaused || this._onDemand?.isBusy === true;
    }
  }

  /** Compute all sentences of the answer, so that a click paints at once. */
  private _score(run: IRun): void {
    const tokens = tokensOf(run);
    const seam = run.promptTokens.length;
    const scores = new ScoreStore(
      this._client,
      run.model,
      tokens.map(token => token.id),
      this._trans
    );
    this._scores = scores;
    const onDemand = new OnDemand(
      this._client,
      run.model,
      tokens.map(token => token.id),
      this._trans
    );
    this._onDemand = onDemand;
    onDemand.changed.connect(() => {
      this._pause();
      this._update();
    });
    scores.changed.connect(() => this._update());
    this._pause();
    if (run.kept) {
      // What is missing is computed when it is clicked, by a model that may
      // have to be loaded for it.
      this._recall(run.kept, scores, onDemand);
      return;
    }
    if (this._past?.run === run.jobId) {
      onDemand.resume(this._past.work.demanded);
      scores.resume(this._past.work.salience);
      this._past = null;
    }
    const chosen = this._settings.granularity;
    const coarse = chosen === 'lines' || chosen === 'paragraphs';
    const targets = segment(tokens, seam, 'sentences').concat(
      coarse ? segment(tokens, seam, chosen) : []
    );
    // The sequence's first token is never predicted.
    scores.request(targets.filter(([start]) => start >= seam && start > 0));
  }

  /** Take what was computed of a run of the history. */
  private _recall(
    kept: readonly KeptScores[],
    scores: ScoreStore,
    onDemand: OnDemand
  ): void {
    for (const one of kept) {
      const { event } = one;
      const isPlain = event.event === 'scores' && event.instead === null;
      if (isPlain && METHODS[event.method].isAutomatic) {
        scores.keep([event]);
      } else {
        onDemand.keep(one);
      }
    }
  }

  /** Where the user's expression cuts, if it does. */
  private get _custom(): CustomStarts | null {
    return this._settings.granularity === 'custom'
      ? (this._splitter?.cut ?? null)
      : null;
  }

  /** Make text and map anew, if what they are made of changed. */
  private _update(): void {
    if (this._isDisposed) {
      return;
    }
    const { granularity, method, aggregation, intensity, ablationMode } =
      this._settings;
    const run = this._run;
    const target = this._target;
    const custom = this._custom;
    const made = [
      run?.promptTokens,
      run?.answerTokens,
      granularity,
      target,
      custom
    ];
    if (!sameItems(made, this._textOf)) {
      this._textOf = made;
      this._text =
        run && run.promptTokens.length > 0
          ? cutText(run, granularity, target, custom)
          : null;
    }
    const other = this._other;
    const asked = [this._text, this._onDemand, method, ablationMode, other];
    if (!sameItems(asked, this._demandOf)) {
      this._demandOf = asked;
      this._demand = this._comesByItself(method)
        ? null
        : this._demandBy(method);
      // Last, for it may start at once: what is quick, and a contrast that was
      // asked for, by a method that is computed unasked for plain targets.
      const computation = this._demand?.computation;
      if (other && METHODS[method].isAutomatic) {
        computation?.start();
      } else {
        void computation?.offer(true);
      }
    }
    const drawn = [
      this._text,
      this._scoresBy(method),
      aggregation,
      intensity,
      this._within
    ];
    if (!sameItems(drawn, this._mapOf)) {
      this._mapOf = drawn;
      this._map = this._mapBy(method);
    }
    this._changed.emit();
  }

  /**
   * What a method would compute for a target, whether it is chosen or not.
   *
   * @param text - in segments, of which those before the target are taken away.
   * @param instead - ids in the target's place, of a contrastive target.
   * @returns null before the answer is complete.
   */
  demandFor(
    method: MapMethod,
    text: IText,
    target: TokenSpan,
    instead: readonly number[] | null = null
  ): IDemand | null {
    const onDemand = this._onDemand;
    if (!onDemand) {
      return null;
    }
    const { ablationMode: mode } = this._settings;
    if (isGradient(method)) {
      const computation = onDemand.scores(method, target, [], mode, instead);
      return { computation, numSegments: 0, refusal: null };
    }
    const parts = ablationSegments(text.segments, target);
    const numSegments = parts.length;
    if (numSegments === 0 || numSegments > MAX_ABLATION_SEGMENTS) {
      const refusal = numSegments === 0 ? 'nothing' : 'many';
      return { computation: null, numSegments, refusal };
    }
    const computation = onDemand.scores(method, target, parts, mode, instead);
    return { computation, numSegments, refusal: null };
  }

  /** What a method would compute for the target. */
  private _demandBy(method: MapMethod): IDemand | null {
    const { _text: text, _target: target } = this;
    return text && target
      ? this.demandFor(method, text, target, this._other?.ids)
      : null;
  }

  /** The target's scores by a method; null when not computed yet. */
  private _scoresBy(method: MapMethod): readonly number[] | DemandedScores {
    if (isGradient(method) && this._comesByItself(method)) {
      return this._target && (this._scores?.get(this._target, method) ?? null);
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
  private readonly _changed = new Signal<this, void>(this);
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _run: IRun | null = null;
  private _scores: ScoreStore | null = null;
  private _onDemand: OnDemand | null = null;
  private _demand: IDemand | null = null;
  private _demandOf: readonly unknown[] = [];
  private _isPaused = false;
  private _past: { readonly run: string; readonly work: ISavedWork } | null =
    null;
  private _target: TokenSpan | null = null;
  private _other: IOther | null = null;
  private _within: TokenSpan | null = null;
  private _targetSince = 0;
  private _anchor: TokenSpan | null = null;
  private _text: IText | null = null;
  private _textOf: readonly unknown[] = [];
  private _map: IShownMap | null = null;
  private _mapOf: readonly unknown[] = [];
  private _isDisposed = false;
}

function sameItems(
  one: readonly unknown[],
  other: readonly unknown[]
): boolean {
  return (
    one.length === other.length && one.every((item, i) => item === other[i])
  );
}
