/** Which sets a run's effects are computed from: single sentences, or passages first. */
import type {
  EffectsEvent,
  EffectsRequest,
  Estimate,
  KeptEffects
} from '../api';
import { NO_EFFECTS } from '../salience';
import type { IEffectTable, LineJoining } from '../salience';
import { MAX_ABLATION_SEGMENTS } from './ablationSegments';
import { EffectLevel } from './effectLevel';
import type { IPrecision } from './effectLevel';
import {
  chosenPassages,
  lookedPasses,
  passagesOf,
  passCount,
  sentencesIn,
  storedPassages
} from './effectPassages';
import type { IPassages } from './effectPassages';
import {
  countSets,
  segmentsKey,
  sentenceSegments,
  storedEffects
} from './effectSegments';
import type {
  IEffectSegments,
  IEffectSource,
  ISegmentedRun
} from './effectSegments';
import type { IRun } from './run';

/** A prompt with more sentences counts as long while the model's speed is unknown. */
export const MANY_SENTENCES = 64;

/** How a run's sentences are deleted, as stored over a reload. */
export interface ISavedPlan {
  /** Whether passages are deleted first. */
  readonly isLong: boolean;
  /** The passages whose sentences are deleted one by one; absent while unknown. */
  readonly chosen?: readonly number[];
}

/**
 * The sets that a run's effects are computed from, and their scores so far.
 *
 * A long prompt has two levels (cf. AttriBoT: Liu, Kandpal and Raffel 2024,
 * arXiv 2411.15102): first passages, then the sentences of the passages that matter, while
 * all others stay. Each level is a separate table.
 */
export class EffectPlan {
  /** @param joinLines - how the run's text is cut into sentences. */
  constructor(
    private readonly _run: ISegmentedRun,
    private readonly _joinLines: LineJoining
  ) {
    const run = this._run;
    this.sentences =
      run.answerTokens.length > 0 ? sentenceSegments(run, _joinLines) : null;
    const { sentences } = this;
    this._passages = sentences && passagesOf(run, sentences, _joinLines);
    this._isWhole =
      sentences !== null && sentences.texts.length <= MAX_ABLATION_SEGMENTS;
  }

  /** The sentences of prompt and answer; null if effects can't be computed. */
  readonly sentences: IEffectSegments | null;

  /** Identifies the run's sentences and passages. */
  get key(): string {
    const { sentences, _passages: passages } = this;
    return [sentences, passages?.segments]
      .map(segments => (segments ? segmentsKey(segments) : ''))
      .join();
  }

  /** Whether effects can be computed. */
  get isPossible(): boolean {
    return this._isWhole || this._passages !== null;
  }

  /** Whether passages come first; null if undecided. */
  get isLong(): boolean | null {
    return this._isLong;
  }

  /** What the first of two levels deletes; null if there is only one level, or no decision yet. */
  get outer(): 'paragraphs' | 'passages' | null {
    return !this._isLong || !this._passages
      ? null
      : this._passages.areParagraphs
        ? 'paragraphs'
        : 'passages';
  }

  /** Set whether scores in half precision don't suffice. Returns whether that is new. */
  setExact(isExact: boolean): boolean {
    if (isExact === this._isExact) {
      return false;
    }
    this._isExact = this._precision.isExact = isExact;
    return true;
  }

  /** The known levels; none before the decision. */
  get levels(): readonly EffectLevel[] {
    return this._levels;
  }

  /** The level to compute next; null if all are complete, and before the decision. */
  get level(): EffectLevel | null {
    return this._levels.find(level => !level.isComplete) ?? null;
  }

  /** Whether everything is scored. */
  get isDone(): boolean {
    return this._isLong !== null && this.level === null;
  }

  /** The number of scored sets and the estimated total; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    const levels = this._levels;
    const done = levels.reduce((sum, { numKnown }) => sum + numKnown, 0);
    const total = levels.reduce(
      (sum, { numKnown, numSets }) => sum + Math.max(numKnown, numSets),
      this._expected()
    );
    // Also while exact scores are to take the place of others.
    const isBegun = levels.some(({ table }) => table.sets.length > 0);
    return isBegun ? { done, total } : null;
  }

  /** What a page stores over a reload; null before the decision. */
  get saved(): ISavedPlan | null {
    const chosen = this._chosen ?? this._planned;
    return this._isLong === null
      ? null
      : { isLong: this._isLong, ...(chosen && { chosen: [...chosen] }) };
  }

  /**
   * What maps can show; null before all effects of a level are known. The object changes only
   * when maps change, not with each scored set, because a long text takes time to redraw.
   */
  get source(): IEffectSource | null {
    return this._source;
  }

  /** What the history stores of the effects. */
  get kept(): KeptEffects[] {
    return this._levels.flatMap(level => level.kept);
  }

  /** The segments whose cost decides whether a prompt is long, until the decision. */
  get measured(): IEffectSegments | null {
    return this._isWhole ? this.sentences : (this._passages?.segments ?? null);
  }

  /**
   * Decide whether passages come first, unless sets are already scored.
   *
   * @param cost - the cost of `measured`; null if unknown.
   * @param budget - the seconds that effects may take.
   */
  decide(cost: Estimate | null, budget: number): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || this.progress !== null) {
      return;
    }
    const seconds = cost?.seconds ?? null;
    const isMuch =
      seconds === null
        ? sentences.texts.length > MANY_SENTENCES
        : seconds > budget;
    this._begin(passages !== null && (isMuch || !this._isWhole));
  }

  /**
   * Make the same decisions as an earlier page.
   *
   * @param key - the key of the segments that the page deleted first. Without effect for others.
   */
  resume({ isLong, chosen }: ISavedPlan, key: string): void {
    const segments = isLong
      ? this._passages?.segments
      : this._isWhole && this.sentences;
    if (this._isLong === null && segments && segmentsKey(segments) === key) {
      this._begin(isLong);
      this._planned = chosen ?? null;
    }
  }

  /** Add what the history has stored. If no set is known yet, it also determines the plan. */
  recall(kept: readonly KeptEffects[]): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || kept.length === 0) {
      return;
    }
    const isStored = (segments: IEffectSegments | undefined) =>
      segments && storedEffects(segments, kept).length > 0;
    const isOpen = this.progress === null;
    if (isOpen && this._isWhole && isStored(sentences)) {
      this._begin(false);
    } else if (isOpen && passages && isStored(passages.segments)) {
      this._begin(true);
      this._planned = storedPassages(passages, sentences, kept);
    }
    // This may complete the first level, and start the second.
    for (let i = 0; i < this._levels.length; i++) {
      this._levels[i].recall(kept);
      this._onTaken();
    }
  }

  /** Add what a level's job has sent. */
  take(index: number, events: readonly EffectsEvent[]): void {
    this._levels[index]?.take(events);
    this._onTaken();
  }

  /** Add what a job with chosen sets has sent. */
  takeChosen(request: EffectsRequest, events: readonly EffectsEvent[]): void {
    this._levels.find(level => level.isOf(request))?.take(events);
    this._onTaken();
  }

  /** The request for the remaining sets of the level. */
  request(run: IRun): EffectsRequest | null {
    return this.level?.request(run) ?? null;
  }

  /** Return to the usual numbers of random sets. */
  settle(): void {
    this._levels.forEach(level => level.settle());
  }

  /**
   * The cost of everything that is left.
   *
   * @param cost - the cost of the rest of the level; before any set is scored, of `measured`.
   */
  restOf(cost: Estimate): Estimate {
    if (this.progress === null) {
      return this._isLong && this._passages
        ? scaled(cost, passCount(this._passages))
        : cost;
    }
    return scaled(cost, cost.passes + this._expected());
  }

  /**
   * The cost of deleting each sentence alone, which comes first, derived from the cost of all sets; null for another plan,
   * and once a set is scored.
   */
  aloneOf(cost: Estimate): Estimate | null {
    return this.sentences && this._isLong === false && this.progress === null
      ? scaled(cost, Math.min(cost.passes, 1 + this.sentences.spans.length))
      : null;
  }

  /**
   * The cost of deleting each sentence, derived from another cost of this run; null if that
   * isn't possible.
   */
  wholeOf(cost: Estimate): Estimate | null {
    return this.sentences && this._isWhole
      ? scaled(cost, countSets(this.sentences))
      : null;
  }

  /** Estimate the number of sets of a level that isn't known yet. */
  private _expected(): number {
    const { sentences } = this;
    return this._isLong && this._chosen === null && sentences
      ? lookedPasses(sentences.texts.length)
      : 0;
  }

  private _begin(isLong: boolean): void {
    if (isLong !== this._isLong && this.sentences) {
      const segments =
        isLong && this._passages ? this._passages.segments : this.sentences;
      this._isLong = isLong;
      this._levels = [new EffectLevel(0, segments, this._precision)];
    }
  }

  private _onTaken(): void {
    const [first] = this._levels;
    const lead = this._levels.map(level => level.lead).find(Boolean);
    // Exact scores are shown once they are complete as far as those in half precision.
    this._precision.isHalf = lead ? lead < 0 : !first?.numExact;
    if (this._isLong && this._chosen === null && first.isComplete) {
      this._look(first.table);
    }
    const state = [
      this._chosen !== null,
      this._precision.isHalf,
      ...this._levels.map(({ stage, table }) => [stage, table.chosen.length])
    ].join();
    if (state !== this._state) {
      this._state = state;
      this._source = this._makeSource();
    }
  }

  /** Choose the passages whose sentences to delete one by one. */
  private _look(table: IEffectTable): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || !passages) {
      return;
    }
    // Keep an earlier choice, because jobs can't continue with other sentences.
    this._chosen =
      this._planned ??
      chosenPassages(table, passages, this._run, this._joinLines);
    const segments = sentencesIn(passages, this._chosen, sentences);
    if (segments) {
      this._levels = [
        ...this._levels,
        new EffectLevel(1, segments, this._precision)
      ];
    }
  }

  private _makeSource(): IEffectSource | null {
    const [first, second] = this._levels;
    if (!first || first.stage === 0) {
      return null;
    }
    const { sentences } = this;
    if (!this._isLong || !this._passages || !sentences) {
      return first.tables;
    }
    const { areParagraphs } = this._passages;
    const { seam } = first.segments;
    const isLooked = this._chosen !== null && (!second || second.stage > 0);
    const none: IEffectSource = {
      level: 1,
      segments: { spans: [], texts: [], seam },
      table: NO_EFFECTS
    };
    return {
      ...(isLooked && second ? second.tables : none),
      passages: {
        ...first.tables,
        areParagraphs,
        isLooked,
        sentences: sentences.spans.slice(0, sentences.texts.length)
      }
    };
  }

  private readonly _passages: IPassages | null;
  /** Whether each sentence can be deleted. */
  private readonly _isWhole: boolean;
  private _isExact = false;
  private readonly _precision: IPrecision = {
    isExact: false,
    isHalf: true
  };
  private _isLong: boolean | null = null;
  private _levels: readonly EffectLevel[] = [];
  /** The passages whose sentences are deleted one by one; null while unknown. */
  private _chosen: readonly number[] | null = null;
  /** The passages that an earlier page chose. */
  private _planned: readonly number[] | null = null;
  /** Identifies what maps can show. */
  private _state = '';
  private _source: IEffectSource | null = null;
}

function scaled({ passes, seconds }: Estimate, to: number): Estimate {
  return {
    passes: to,
    seconds: seconds === null ? null : (seconds * to) / Math.max(1, passes)
  };
}
