import type { EffectsEvent, EffectsRequest, KeptEffects } from '../api';
import {
  differenceOf,
  mergeEffects,
  MIN_RANDOM,
  NO_EFFECTS,
  numExact,
  numFitted
} from '../salience';
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

/** A level of a plan: segments, and the sets of them to score. */
export class EffectLevel {
  /** @param isExact - whether scores in half precision don't suffice. */
  constructor(
    readonly index: number,
    readonly segments: IEffectSegments,
    isExact = false
  ) {
    this.isExact = isExact;
    this._samples = randomSetsOf(this.segments).samples;
    this.key = segmentsKey(this.segments);
  }

  /** Identifies the level's segments, and so its sets. */
  readonly key: string;

  /** Whether scores in half precision don't suffice. */
  isExact: boolean;

  /** The scores so far. */
  get table(): IEffectTable {
    return this._table;
  }

  /** The table of scores, with the level and its segments. */
  get tables(): IEffectTables {
    const { index: level, segments, _table: table } = this;
    return { level, segments, table };
  }

  /** What the history stores of the level. */
  get kept(): KeptEffects[] {
    return keptEffects(this.segments, this._table);
  }

  /** The number of scored sets, of those that suffice. */
  get numKnown(): number {
    const { isExact, _table: table } = this;
    return isExact ? numExact(table) : table.sets.length;
  }

  /** The number of sets at the beginning that are exact; all of them, if none are in half precision. */
  get numExact(): number {
    return numExact(this._table);
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
    const { sets } = this._table;
    const count = (kind: string) =>
      sets.filter(set => set.kind === kind).length;
    if (count('one') <= this.segments.spans.length) {
      return 0;
    }
    const isGraded = hasHeldOut(this.tables);
    return 1 + (isGraded ? 1 : 0) + numFitted(this._table) / MIN_RANDOM;
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
    this._table = storedEffects(this.segments, kept, this._table);
  }

  /** Add what a job has sent. */
  take(events: readonly EffectsEvent[]): void {
    this._table = mergeEffects(this._table, events);
  }

  /** The request for the remaining sets, or for a given number of random sets. */
  request(run: IRun, samples = this._samples): EffectsRequest {
    return {
      ...effectsRequest(run, this.segments),
      samples,
      skip: this.numKnown,
      precision: this._precision
    };
  }

  /** The request for chosen sets of the level's segments. */
  requestOf(run: IRun, chosen: readonly (readonly number[])[]): EffectsRequest {
    const request = effectsRequest(run, this.segments);
    return {
      ...request,
      chosen: chosen.map(set => [...set]),
      precision: this._precision
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

  /** Scores are compared with each other: exact ones continue exactly. */
  private get _precision(): 'auto' | 'float32' {
    const { sets } = this._table;
    const areExact = sets.length > 0 && differenceOf(this._table) === null;
    return this.isExact || areExact ? 'float32' : 'auto';
  }

  private _table: IEffectTable = NO_EFFECTS;
  private _samples: number;
}
