import type { TranslationBundle } from '@jupyterlab/translation';

import type { AblationMode, KeptScores } from '../api';
import type { TokenSpan } from '../salience';
import { MAX_ABLATION_SEGMENTS, ablationSegments } from './ablationSegments';
import type { Computation, ComputationClient } from './computation';
import { OnDemand } from './demand';
import type { DemandedScores, IDemandedJob, ITest } from './demand';
import type { IShownMap, IText } from './map';
import { isGradient, METHODS } from './methods';
import type { MapMethod } from './methods';
import { Model } from './model';
import { tokensOf } from './run';
import type { IRun } from './run';
import { ScoreStore } from './scores';
import type { ISavedJob } from './scores';

/** Jobs that compute an answer's salience, as saved over a reload. */
export interface ISavedWork {
  readonly salience: readonly ISavedJob[];
  readonly demanded: readonly IDemandedJob[];
}

/** A target's scores by a method that computes them only on request. */
export interface IDemand {
  /** Null if it is refused. */
  readonly computation: Computation<DemandedScores> | null;
  /** How many segments are ablated; 0 for a gradient method. */
  readonly numSegments: number;
  /** Why it can't be computed: too many segments, or none before the target. */
  readonly refusal: 'many' | 'nothing' | null;
}

/** The scores of a complete run: the automatic ones, and those on demand. */
export class RunScores extends Model {
  constructor(client: ComputationClient, run: IRun, trans: TranslationBundle) {
    super();
    const ids = tokensOf(run).map(token => token.id);
    this.automatic = new ScoreStore(client, run.model, ids, trans);
    this.onDemand = new OnDemand(client, run.model, ids, trans);
    this.onDemand.changed.connect(this._onDemandChanged, this);
    this.automatic.changed.connect(this._onAutomaticChanged, this);
  }

  readonly automatic: ScoreStore;
  readonly onDemand: OnDemand;

  /** Whether anything is being computed. */
  get isBusy(): boolean {
    return this.automatic.isBusy || this.onDemand.isBusy;
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
    return { salience: this.automatic.jobs, demanded: this.onDemand.jobs };
  }

  /** Pause automatic computations while a run needs the model, or resume them. */
  setPaused(isPaused: boolean): void {
    if (isPaused && !this._isPaused) {
      this.onDemand.cancel();
    }
    this._isPaused = isPaused;
    this._yield();
  }

  /** Follow the jobs of an earlier page instead of computing the same again. */
  resume(work: ISavedWork): void {
    this.onDemand.resume(work.demanded);
    this.automatic.resume(work.salience);
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
  }

  /** The computation that a method needs for a target, if it isn't automatic. */
  demand(
    method: MapMethod,
    text: IText,
    target: TokenSpan,
    mode: AblationMode,
    foil: readonly number[] | null
  ): IDemand {
    if (isGradient(method)) {
      const computation = this.onDemand.scores(method, target, [], mode, foil);
      return { computation, numSegments: 0, refusal: null };
    }
    const parts = ablationSegments(text.segments, target);
    const numSegments = parts.length;
    if (numSegments === 0 || numSegments > MAX_ABLATION_SEGMENTS) {
      const refusal = numSegments === 0 ? 'nothing' : 'many';
      return { computation: null, numSegments, refusal };
    }
    const computation = this.onDemand.scores(method, target, parts, mode, foil);
    return { computation, numSegments, refusal: null };
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

  protected release(): void {
    this.automatic.dispose();
    this.onDemand.dispose();
  }

  private _onAutomaticChanged(): void {
    this._changed.emit();
  }

  private _onDemandChanged(): void {
    this._yield();
    this._changed.emit();
  }

  /** The model does one thing at a time: what the user waits for goes first. */
  private _yield(): void {
    this.automatic.setPaused(this._isPaused || this.onDemand.isBusy);
  }

  private _isPaused = false;
}
