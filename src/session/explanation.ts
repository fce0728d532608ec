import type { TranslationBundle } from '@jupyterlab/translation';

import type { EffectsEvent, KeptScores } from '../api';
import type { CustomStarts, TokenSpan } from '../salience';
import type { Computation, ComputationClient } from './computation';
import type { IFoil } from './contrast';
import type { ITest } from './demand';
import { withEffects } from './effectMap';
import type { Effects } from './effects';
import type { IShownMap } from './map';
import { memo } from './memo';
import { demandBy, isAutomatic, mapBy, scoresBy } from './methodMaps';
import type { IExplained } from './methodMaps';
import { METHOD_NAMES, METHODS } from './methods';
import type { MapMethod } from './methods';
import { Model } from './model';
import { isUnderWay } from './run';
import type { IRun } from './run';
import { cutText } from './runText';
import type { IText } from './runText';
import { offerDemand, RunScores } from './runscores';
import type { IDemand, ISavedWork } from './runscores';
import type { ScoreStore } from './scores';
import { DEFAULT_SETTINGS } from './settings';
import type { ISettings } from './settings';
import type { Splitter } from './splitter';
import { pickTarget } from './target';
import type { ITarget } from './target';

/**
 * Explains a run's answer: its text in segments, a target, and the target's map.
 *
 * `text` and `map` stay the same objects until something that they depend on changes.
 */
export class Explanation extends Model {
  /**
   * @param splitter - cuts by the user's expression; its owner disposes of it.
   *   Without one, the granularity `custom` means sentences.
   */
  constructor(
    client: ComputationClient,
    trans: TranslationBundle,
    splitter: Splitter | null = null
  ) {
    super();
    this._client = client;
    this._trans = trans;
    this._splitter = splitter;
    splitter?.changed.connect(this._update, this);
  }

  /** Name of the run's model; null without a run. */
  get model(): string | null {
    return this._run?.model ?? null;
  }

  /** The run's text in segments; null before there are tokens. */
  get text(): IText | null {
    return this._text;
  }

  /** The target: a span of the answer's tokens, or null. */
  get target(): TokenSpan | null {
    return this._target?.span ?? null;
  }

  /** The foil of a contrastive target, or null. */
  get foil(): IFoil | null {
    return this._target?.foil ?? null;
  }

  /** The part of the text that the map covers; null: all of it. */
  get within(): TokenSpan | null {
    return this._within;
  }

  /** When the target was set, in milliseconds since the epoch; 0 without one. */
  get targetSince(): number {
    return this._target?.since ?? 0;
  }

  /** The target's map; null without a target, and until its scores are computed. */
  get map(): IShownMap | null {
    return this._map;
  }

  /** Scores of the run; null before its answer is complete. */
  get scores(): ScoreStore | null {
    return this._computed?.automatic ?? null;
  }

  /** All computed scores of the run. */
  get kept(): KeptScores[] {
    return this._computed?.all ?? [];
  }

  /** The run's effects; null before its answer is complete. */
  get effects(): Effects | null {
    return this._computed?.effects ?? null;
  }

  /** Tries pairs of segments that matter to the target; null: there are none to try. */
  get pairs(): Computation<readonly EffectsEvent[]> | null {
    const { target, _computed: computed, _map: map } = this;
    return target && computed && map?.effects
      ? computed.pairs(target, map.effects.level)
      : null;
  }

  /** Jobs that compute, or have computed, the run's scores. */
  get jobs(): ISavedWork {
    return this._computed?.jobs ?? { salience: [], demanded: [] };
  }

  /**
   * Follow the jobs of an earlier page once the run is complete, instead of computing the same scores again.
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

  /** The computation that the target's map needs; null without a target, and for an automatic method. */
  get demand(): IDemand | null {
    return this._demand;
  }

  /** The test of the map; null without a map, or with fewer than two segments to order. */
  get test(): Computation<ITest> | null {
    const { _map: map, _text: text } = this;
    if (!map || !text || !this._computed) {
      return null;
    }
    const { ablationMode } = this._settings;
    return this._computed.test(map, text, ablationMode, this.foil?.ids);
  }

  /** The target's maps by all methods whose scores are computed, including the shown map. */
  get maps(): readonly IShownMap[] {
    const explained = this._explained;
    return METHOD_NAMES.flatMap(method => mapBy(explained, method) ?? []);
  }

  protected release(): void {
    this._splitter?.changed.disconnect(this._update, this);
    this._computed?.dispose();
  }

  /** Apply the user's settings. */
  setSettings(settings: ISettings): void {
    const { method } = this._settings;
    this._settings = settings;
    if (this._splitter) {
      this._splitter.pattern = settings.pattern;
    }
    if (settings.method !== method) {
      this._prioritizeTarget();
    }
    this._computed?.setEffects(settings);
    this._computed?.setJoinLines(settings.joinLines);
    this._update();
  }

  /** Explain a run, or its next state. */
  setRun(run: IRun | null): void {
    if (run?.key !== this._run?.key) {
      // Target and scores belong to the last run.
      this._target = null;
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

  /** Pause automatic computations while a run needs the model, or resume them. */
  setPaused(isPaused: boolean): void {
    this._isPaused = isPaused;
    this._computed?.setPaused(isPaused);
  }

  /** Map a part of the text only, so that its shares add up to 1; null: all of it. */
  restrict(within: TokenSpan | null): void {
    this._within = within;
    this._update();
  }

  /**
   * Make the segment that contains a token the target.
   *
   * @param extend - whether to extend the current target to that segment.
   * @returns whether the token is in the answer; only segments of the answer can be targets.
   */
  pickSegment(token: number, extend = false): boolean {
    const { _text: text, _target: target } = this;
    if (!text || !this._computed) {
      return false;
    }
    const picked = pickTarget(
      text,
      this._settings.granularity,
      { custom: this._custom, joinLines: this._settings.joinLines },
      token,
      extend && target ? target.anchor : null
    );
    if (picked) {
      const isMatching = this._custom !== null && this._splitter!.match();
      this.setTarget(picked.span, picked.anchor);
      this._meant = isMatching ? [token, extend] : null;
    }
    return picked !== null;
  }

  /**
   * Set the target, or none.
   *
   * @param anchor - the part of it that stays when the user extends it.
   * @param foil - the text in its place, of a contrastive target.
   */
  setTarget(
    span: TokenSpan | null,
    anchor: TokenSpan | null = span,
    foil: IFoil | null = null
  ): void {
    const since = Date.now();
    this._target = span && { span, anchor: anchor ?? span, foil, since };
    this._meant = null;
    this._prioritizeTarget();
    this._update();
  }

  /** Remove the target. */
  clear(): void {
    this.setTarget(null);
  }

  /** Compute the target's scores before all others if the method is automatic. */
  private _prioritizeTarget(): void {
    const { target } = this;
    if (target && isAutomatic(this, this._settings.method)) {
      this._computed?.automatic.prioritize(target);
    }
  }

  /** Take or compute the scores of a complete run. */
  private _score(run: IRun): void {
    const computed = new RunScores(
      this._client,
      run,
      this._trans,
      this._settings.joinLines
    );
    this._computed = computed;
    computed.changed.connect(this._update, this);
    computed.setEffects(this._settings);
    computed.setPaused(this._isPaused);
    if (run.kept) {
      // Missing scores wait for a click: they may need the model to be loaded first.
      computed.recall(run.kept);
      return;
    }
    if (this._past?.run === run.jobId) {
      computed.resume(this._past.work);
      this._past = null;
    }
    computed.request(this._settings);
  }

  /** Where the user's expression cuts, for the granularity `custom`. */
  private get _custom(): CustomStarts | null {
    return this._settings.granularity === 'custom'
      ? (this._splitter?.cut ?? null)
      : null;
  }

  /** Rebuild text, demand and map if their dependencies have changed. */
  private _update(): void {
    if (this.isDisposed) {
      return;
    }
    const { granularity, joinLines, method, aggregation } = this._settings;
    const { ablationMode, ablationSets, intensity, shadeBy } = this._settings;
    const { _run: run, target, foil, _custom: custom } = this;
    const of = [run?.promptTokens, run?.answerTokens, target];
    const text = this._makeText(
      () =>
        run && run.promptTokens.length > 0
          ? cutText(run, granularity, target, { custom, joinLines })
          : null,
      ...of,
      granularity,
      custom,
      joinLines
    );
    const shown = this._makeShown(() => ({ text }), ...of);
    // Until a worker has cut it, it stays as it is: sentences would only be drawn in between.
    if (!custom || !this._splitter?.match()) {
      shown.text = text;
    }
    this._text = shown.text;
    if (this._meant && shown.text === text) {
      this.pickSegment(...this._meant);
      return;
    }
    const explained = this._explained;
    const demand = this._makeDemand(
      () => (isAutomatic(this, method) ? null : demandBy(explained, method)),
      this._text,
      this._computed,
      method,
      ablationMode,
      ablationSets,
      foil,
      // LIME and SHAP start from what effects know.
      this.effects?.source
    );
    if (demand !== this._demand) {
      this._demand = demand;
      // A contrastive target's map is expected at once where a plain target's is.
      offerDemand(demand, foil !== null && METHODS[method].isAutomatic);
    }
    // Effects are those on the answer's own tokens, in no foil's place.
    const effects = foil ? null : (this.effects?.source ?? null);
    this._map = this._makeMap(
      () => {
        const map = mapBy(explained, method);
        return map && withEffects(map, effects, shadeBy, intensity);
      },
      this._text,
      scoresBy(explained, method),
      aggregation,
      intensity,
      this._within,
      effects,
      shadeBy
    );
    this._changed.emit();
  }

  /**
   * The computation that a method needs for any target.
   *
   * @param text - in segments; an ablation method removes those before the target.
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
      this._computed?.demand(method, text, target, this._settings, foil) ?? null
    );
  }

  /** What the target's maps are made of, now. */
  private get _explained(): IExplained {
    const { _text: text, target, foil, _within: within } = this;
    const { _computed: computed, _settings: settings } = this;
    return { text, target, foil, within, computed, settings };
  }

  private readonly _splitter: Splitter | null;
  private readonly _client: ComputationClient;
  private readonly _trans: TranslationBundle;
  private readonly _makeText = memo<IText | null>();
  private readonly _makeShown = memo<{ text: IText | null }>();
  private readonly _makeDemand = memo<IDemand | null>();
  private readonly _makeMap = memo<IShownMap | null>();
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _run: IRun | null = null;
  private _computed: RunScores | null = null;
  private _demand: IDemand | null = null;
  private _isPaused = false;
  private _past: { readonly run: string; readonly work: ISavedWork } | null =
    null;
  private _target: ITarget | null = null;
  /** What was picked before its segments were known; then it is picked again. */
  private _meant: [token: number, extend: boolean] | null = null;
  private _within: TokenSpan | null = null;
  private _text: IText | null = null;
  private _map: IShownMap | null = null;
}
