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

/** A level of a plan: some segments, and the sets of them that are scored. */
export class EffectLevel {
  constructor(
    readonly index: number,
    readonly segments: IEffectSegments
  ) {
    this._samples = randomSetsOf(this.segments).samples;
    this.key = segmentsKey(this.segments);
  }

  /** Identifies its segments, and so its sets. */
  readonly key: string;

  /** What is scored. */
  get table(): IEffectTable {
    return this._table;
  }

  /** The table, with its level and its segments. */
  get tables(): IEffectTables {
    const { index: level, segments, _table: table } = this;
    return { level, segments, table };
  }

  /** What the history stores of it. */
  get kept(): KeptEffects[] {
    return keptEffects(this.segments, this._table);
  }

  /** How many sets are scored. */
  get numKnown(): number {
    return this._table.sets.length;
  }

  /** How many random sets are to be scored, for maps that are fitted. */
  get numSamples(): number {
    return this._samples;
  }

  /** How many sets are to be scored. */
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

  /** Whether all of them are scored. */
  get isComplete(): boolean {
    return this.numKnown >= this.numSets;
  }

  /**
   * How much of it maps can show: 0 is nothing; then come effects, a reliability, a fit,
   * and better ones. Between two stages, more sets change no map.
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

  /** Return to the usual number. */
  settle(): void {
    this._samples = randomSetsOf(this.segments).samples;
  }

  /** Add what the history stores. */
  recall(kept: readonly KeptEffects[]): void {
    this._table = storedEffects(this.segments, kept, this._table);
  }

  /** Add what a job sent. */
  take(events: readonly EffectsEvent[]): void {
    this._table = mergeEffects(this._table, events);
  }

  /** The request for the rest; or for as many random sets. */
  request(run: IRun, samples = this._samples): EffectsRequest {
    return {
      ...effectsRequest(run, this.segments),
      samples,
      skip: this.numKnown
    };
  }

  /** The request for chosen sets of its segments. */
  requestOf(run: IRun, chosen: readonly (readonly number[])[]): EffectsRequest {
    const request = effectsRequest(run, this.segments);
    return { ...request, chosen: chosen.map(set => [...set]) };
  }

  /** Whether a request deletes these segments. */
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

  private _table: IEffectTable = NO_EFFECTS;
  private _samples: number;
}
