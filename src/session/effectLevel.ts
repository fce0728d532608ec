import type { EffectsEvent, EffectsRequest, KeptEffects } from '../api';
import { mergeEffects, MIN_RANDOM, NO_EFFECTS, numFitted } from '../salience';
import type { IEffectTable } from '../salience';
import {
  countSets,
  effectsRequest,
  hasHeldOut,
  keptEffects,
  MORE_SAMPLES,
  randomSetsOf,
  segmentsKey,
  storedEffects
} from './effectSegments';
import type { IEffectSegments, IEffectTables } from './effectSegments';
import type { IRun } from './run';

/** In which precision a plan's levels are computed and shown: all in the same one. */
export interface IPrecision {
  /** Whether scores in half precision don't suffice. */
  isExact: boolean;
  /** Whether scores in half precision are shown, or none are known. */
  isHalf: boolean;
}

/**
 * A level of a plan: segments, and the sets of them to score. Scores are compared with each other, so those in half precision
 * and exact ones are separate tables, of which one is shown.
 */
export class EffectLevel {
  /** @param _precision - of the plan. */
  constructor(
    readonly index: number,
    readonly segments: IEffectSegments,
    private readonly _precision: IPrecision
  ) {
    this._samples = randomSetsOf(this.segments).samples;
    this.key = segmentsKey(this.segments);
  }

  /** Identifies the level's segments, and so its sets. */
  readonly key: string;

  /** The scores so far, in the precision that is shown. */
  get table(): IEffectTable {
    return this._precision.isHalf ? this._half : this._exact;
  }

  /** The number of exact scores. */
  get numExact(): number {
    return this._exact.sets.length;
  }

  /** The table of scores, with the level and its segments. */
  get tables(): IEffectTables {
    const { index: level, segments, table } = this;
    return { level, segments, table };
  }

  /** What the history stores of the level. */
  get kept(): KeptEffects[] {
    return keptEffects(this.segments, this.table);
  }

  /** The number of scored sets, of those that suffice. */
  get numKnown(): number {
    return this._precision.isExact ? this.numExact : this.table.sets.length;
  }

  /** The number of random sets to score, to which maps are fitted. */
  get numSamples(): number {
    return this._samples;
  }

  /** The number of sets to score. */
  get numSets(): number {
    return countSets(this.segments, this._samples);
  }

  /** How many more random sets can be requested; 0 before the usual ones are scored. */
  get numMore(): number {
    const { segments, numKnown } = this;
    return numKnown >= countSets(segments)
      ? Math.max(0, countSets(segments, MORE_SAMPLES) - numKnown)
      : 0;
  }

  /** Whether all sets are scored. */
  get isComplete(): boolean {
    return this.numKnown >= this.numSets;
  }

  /**
   * The stage of the level, which determines what maps can show: 0 for nothing, then effects,
   * reliability, a fit, and better fits. Within a stage, more sets change no map.
   */
  get stage(): number {
    return this._stageOf(this.table);
  }

  /** By how much the exact stage is ahead of that in half precision. */
  get lead(): number {
    return this._stageOf(this._exact) - this._stageOf(this._half);
  }

  private _stageOf(table: IEffectTable): number {
    const { segments } = this;
    const { sets } = table;
    const count = (kind: string) =>
      sets.filter(set => set.kind === kind).length;
    if (count('one') <= segments.spans.length) {
      return 0;
    }
    return (
      1 +
      Number(hasHeldOut({ segments, table })) +
      numFitted(table) / MIN_RANDOM
    );
  }

  /** Request more random sets than usual. */
  askMore(): void {
    if (this.numMore > 0) {
      this._samples = MORE_SAMPLES;
    }
  }

  /** Return to the usual number of random sets. */
  settle(): void {
    this._samples = randomSetsOf(this.segments).samples;
  }

  /** Add what the history has stored. */
  recall(kept: readonly KeptEffects[]): void {
    this.take(storedEffects(this.segments, kept));
  }

  /** Add what a job has sent. If exact scores continue those in half precision, everything is computed exactly. */
  take(events: readonly EffectsEvent[]): void {
    const { _precision: precision, _half: half } = this;
    const exact = events.filter(one => typeof one.difference !== 'number');
    this._exact = mergeEffects(this._exact, exact);
    this._half = mergeEffects(
      half,
      events.filter(one => !exact.includes(one))
    );
    precision.isExact ||=
      precision.isHalf &&
      this.index + half.sets.length > 0 &&
      exact.some(
        ({ kind, first }) =>
          kind === 'chosen' || first > this.numExact || !half.sets.length
      );
  }

  /** The request for the remaining sets, or for a given number of random sets. */
  request(run: IRun, samples = this._samples): EffectsRequest {
    return {
      ...effectsRequest(run, this.segments),
      samples,
      skip: this.numKnown,
      precision: this._requested
    };
  }

  /** The request for chosen sets of the level's segments. */
  requestOf(run: IRun, chosen: readonly (readonly number[])[]): EffectsRequest {
    const request = effectsRequest(run, this.segments);
    return {
      ...request,
      chosen: chosen.map(set => [...set]),
      precision: this._requested
    };
  }

  /** Whether a request deletes the level's segments. */
  isOf({ segments, answer_segments: answer = [] }: EffectsRequest): boolean {
    const { texts, spans } = this.segments;
    return (
      segments.length === texts.length &&
      answer.length === spans.length - texts.length &&
      answer.every(
        ({ start, end }, i) =>
          start === spans[texts.length + i][0] &&
          end === spans[texts.length + i][1]
      ) &&
      segments.every(
        ({ turn, start, end }, i) =>
          turn === texts[i].turn &&
          start === texts[i].start &&
          end === texts[i].end
      )
    );
  }

  /** Exact scores continue exactly. */
  private get _requested(): 'auto' | 'float32' {
    const { isExact, isHalf } = this._precision;
    return isExact || !isHalf ? 'float32' : 'auto';
  }

  private _exact: IEffectTable = NO_EFFECTS;
  private _half: IEffectTable = NO_EFFECTS;
  private _samples: number;
}
