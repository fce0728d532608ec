import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  AblationMode,
  EffectsEvent,
  KeptEffects,
  KeptScores
} from '../api';
import type { LineJoining, TokenSpan } from '../salience';
import { MAX_ABLATION_SEGMENTS, ablationSegments } from './ablationSegments';
import type { Computation, ComputationClient } from './computation';
import { cachedSets } from './cachedSets';
import { isSampled, litSamples, OnDemand } from './demand';
import type { DemandedScores, IDemandedJob, ITest } from './demand';
import type { ISavedEffects } from './effectJobs';
import { pairsLeft } from './effectPairs';
import { Effects } from './effects';
import type { IShownMap } from './map';
import type { IText } from './runText';
import { memo } from './memo';
import { METHODS, scoresTokens } from './methods';
import type { MapMethod } from './methods';
import { Model } from './model';
import { tokensOf } from './run';
import type { IRun } from './run';
import { ScoreStore } from './scores';
import type { ISavedJob } from './scores';
import type { ISettings } from './settings';
import { automaticTargets } from './target';

/** Jobs that compute an answer's salience, as saved over a reload. */
export interface ISavedWork {
  readonly salience: readonly ISavedJob[];
  readonly demanded: readonly IDemandedJob[];
  /** Absent: earlier versions saved none. */
  readonly effects?: ISavedEffects;
}

/** A target's scores by a method that computes them only on request. */
export interface IDemand {
  /** Null if it is refused. */
  readonly computation: Computation<DemandedScores> | null;
  /** How many segments are ablated; 0 for a method that scores tokens. */
  readonly numSegments: number;
  /**
   * Why it can't be computed: too many segments, none before the target, or a
   * contrastive target, which the method can't explain.
   */
  readonly refusal: 'many' | 'nothing' | 'contrast' | null;
}

/** The settings of ablation methods. */
export type IAblationSettings = Pick<
  ISettings,
  'ablationMode' | 'ablationSets'
>;

/** The settings of effects. */
export type IEffectSettings = Pick<
  ISettings,
  'effectsSeconds' | 'exactEffects'
>;

/** The scores of a complete run: the automatic ones, those on demand, and its effects. */
export class RunScores extends Model {
  constructor(
    private readonly _client: ComputationClient,
    private readonly _run: IRun,
    private readonly _trans: TranslationBundle,
    private _joinLines: LineJoining
  ) {
    super();
    const { _client: client, _run: run, _trans: trans } = this;
    const ids = tokensOf(run).map(token => token.id);
    this.automatic = new ScoreStore(client, run.model, ids, trans);
    this.onDemand = new OnDemand(client, run.model, ids, trans);
    this._effects = this._makeEffects();
    this.onDemand.changed.connect(this._onDemandChanged, this);
    this.automatic.changed.connect(this._onAutomaticChanged, this);
  }

  readonly automatic: ScoreStore;
  readonly onDemand: OnDemand;

  /** The effects of the sentences that are shown: another object for others. */
  get effects(): Effects {
    return this._effects;
  }

  /** Whether anything is being computed. */
  get isBusy(): boolean {
    const { automatic, onDemand, effects } = this;
    return automatic.isBusy || onDemand.isBusy || effects.isBusy;
  }

  /** All computed scores. */
  get all(): KeptScores[] {
    return [
      ...this.automatic.all.map((event): KeptScores => ({ mode: null, event })),
      ...this.onDemand.all
    ];
  }

  /** Jobs that compute, or have computed, these scores. */
  get jobs(): ISavedWork {
    const { automatic, onDemand, effects } = this;
    return {
      salience: automatic.jobs,
      demanded: onDemand.jobs,
      effects: effects.jobs
    };
  }

  /** Pause automatic computations while a run needs the model, or resume them. */
  setPaused(isPaused: boolean): void {
    if (isPaused && !this._isPaused) {
      this.onDemand.cancel();
    }
    this._isPaused = isPaused;
    this._yield();
  }

  /** Set how long effects may take without a click, and in which precision they are computed. */
  setEffects(settings: IEffectSettings): void {
    this._effectSettings = settings;
    this.effects.setExact(settings.exactEffects);
    this.effects.setBudget(settings.effectsSeconds);
  }

  /** Cut the run's text in another way: effects are then those of other sentences. */
  setJoinLines(joinLines: LineJoining): void {
    if (joinLines === this._joinLines) {
      return;
    }
    const before = this._effects;
    this._kept.set(this._joinLines, before.kept);
    this._joinLines = joinLines;
    const next = this._makeEffects();
    if (next.key === before.key) {
      next.dispose();
      return;
    }
    // What was stopped needs a click, also for these.
    next.resume({ jobs: [], isStopped: before.jobs.isStopped });
    before.dispose();
    this._effects = next;
    this._takeSets();
    this.setEffects(this._effectSettings);
    this._yield();
  }

  /** Follow the jobs of an earlier page instead of computing the same again. */
  resume(work: ISavedWork): void {
    this.onDemand.resume(work.demanded);
    this.automatic.resume(work.salience);
    if (work.effects) {
      this.effects.resume(work.effects);
    }
  }

  /** Compute the usual targets, and then effects, when nothing else is to be computed. */
  request(settings: Parameters<typeof automaticTargets>[1]): void {
    const text = {
      tokens: tokensOf(this._run),
      seam: this._run.promptTokens.length
    };
    this._isRequested = true;
    this.automatic.request(automaticTargets(text, settings));
    this._yield();
  }

  /** Take scores from the history. */
  recall(stored: readonly KeptScores[]): void {
    for (const one of stored) {
      const { event } = one;
      const isPlain = event.event === 'scores' && event.foil === null;
      if (isPlain && METHODS[event.method].isAutomatic) {
        this.automatic.keep([event]);
      } else {
        this.onDemand.keep(one);
      }
    }
    this._yield();
  }

  /** The computation that a method needs for a target, if it isn't automatic. */
  demand(
    method: MapMethod,
    text: IText,
    target: TokenSpan,
    { ablationMode: mode, ablationSets }: IAblationSettings,
    foil: readonly number[] | null
  ): IDemand {
    if (foil && !METHODS[method].isContrastive) {
      return { computation: null, numSegments: 0, refusal: 'contrast' };
    }
    if (scoresTokens(method)) {
      const computation = this.onDemand.scores(method, target, [], mode, foil);
      return { computation, numSegments: 0, refusal: null };
    }
    const parts = ablationSegments(text.segments, target);
    const numSegments = parts.length;
    if (numSegments === 0 || numSegments > MAX_ABLATION_SEGMENTS) {
      const refusal = numSegments === 0 ? 'nothing' : 'many';
      return { computation: null, numSegments, refusal };
    }
    const isLit = isSampled(method) && ablationSets === 'lit';
    const sets = isLit ? { samples: litSamples(numSegments) } : {};
    const plain = [method, target, parts, mode, foil, sets] as const;
    const source = this.effects.source;
    const cached =
      isSampled(method) && !isLit && !foil && mode === 'remove' && source
        ? cachedSets(this._run, source, text, target)
        : null;
    const { edited } = cached ?? {};
    const computation =
      cached && this.onDemand.known(...plain) === null
        ? this.onDemand.scores(method, target, cached.parts, 'text', null, {
            edited
          })
        : this.onDemand.scores(...plain);
    return {
      computation,
      numSegments:
        computation.request.kind === 'ablation'
          ? computation.request.segments.length
          : numSegments,
      refusal: null
    };
  }

  /** The test of a map; null with fewer than two segments to order. */
  test(
    map: IShownMap,
    text: IText,
    mode: AblationMode,
    foil?: readonly number[]
  ): Computation<ITest> | null {
    const parts = ablationSegments(text.segments, map.target);
    if (parts.length < 2) {
      return null;
    }
    const scores = parts.map(({ index }) => map.segments[index].score);
    const tested = { method: map.method, scores };
    return this.onDemand.test(tested, map.target, parts, mode, foil);
  }

  /**
   * The pairs of segments that matter most to a target, deleted together; null: none is
   * left to try, or effects are being computed, by which they are chosen.
   *
   * @param level - of the segments: sentences, or passages of a long prompt.
   */
  pairs(
    target: TokenSpan,
    level: number
  ): Computation<readonly EffectsEvent[]> | null {
    const { source, phase } = this.effects;
    const tables = source?.level === level ? source : source?.passages;
    return this._makePairs(
      () => {
        const pairs =
          tables && phase !== 'running' ? pairsLeft(tables, target) : [];
        const request =
          pairs.length > 0 && this.effects.requestOf(pairs, level);
        return request ? this.onDemand.sets(request) : null;
      },
      source,
      phase === 'running',
      target,
      level
    );
  }

  protected release(): void {
    this.automatic.dispose();
    this.onDemand.dispose();
    this.effects.dispose();
  }

  /** The effects, with all that is known of their segments. */
  private _makeEffects(): Effects {
    const { _client: client, _run: run, _trans: trans } = this;
    const kept = [...run.effects, ...[...this._kept.values()].flat()];
    const known = { ...run, effects: kept };
    const effects = new Effects(client, known, trans, this._joinLines);
    effects.changed.connect(this._onEffectsChanged, this);
    return effects;
  }

  private _onAutomaticChanged(): void {
    this._yield();
    this._changed.emit();
  }

  private _onEffectsChanged(): void {
    this._takeSets();
    this._changed.emit();
  }

  private _onDemandChanged(): void {
    this._takeSets();
    this._yield();
    this._changed.emit();
  }

  /** Effects take the sets that were chosen, as soon as they know the segments. */
  private _takeSets(): void {
    for (const { request, events } of this.onDemand.allSets) {
      this.effects.add(request, events);
    }
  }

  /** The model does one thing at a time: what the user waits for goes first. */
  private _yield(): void {
    const { automatic, onDemand, effects } = this;
    automatic.setPaused(this._isPaused || onDemand.isBusy);
    effects.setCircumstances({
      isPaused: this._isPaused || onDemand.isBusy || automatic.hasMore,
      isAutomatic: this._isRequested && automatic.problem === null
    });
  }

  private readonly _makePairs = memo<Computation<
    readonly EffectsEvent[]
  > | null>();
  private _effects: Effects;
  /** What was known of sentences that were shown before, by how lines were joined. */
  private readonly _kept = new Map<LineJoining, KeptEffects[]>();
  private _effectSettings: IEffectSettings = {
    effectsSeconds: 0,
    exactEffects: false
  };
  private _isPaused = false;
  /** Whether a run of this page has its scores computed without a click. */
  private _isRequested = false;
}

/**
 * Offer a computation: start it if it is quick, or in any case.
 *
 * @param isExpected - whether the user expects its result at once.
 */
export function offerDemand(demand: IDemand | null, isExpected: boolean): void {
  const computation = demand?.computation;
  if (isExpected) {
    computation?.start();
  } else {
    void computation?.offer(true);
  }
}
