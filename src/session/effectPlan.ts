/** What a run's effects are computed of: each sentence, or passages first. */
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
import {
  chosenPassages,
  lookedPasses,
  passagesOf,
  passCount,
  sentencesIn
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

/** A prompt of more sentences is long where a model's speed isn't known yet. */
export const MANY_SENTENCES = 64;

/** How the sentences of a run are deleted, as stored over a reload. */
export interface ISavedPlan {
  /** Whether passages are deleted first. */
  readonly isLong: boolean;
  /** The passages that are looked into; absent: not known yet. */
  readonly chosen?: readonly number[];
}

/**
 * The sets that a run's effects are computed from, as far as they are scored.
 *
 * A long prompt has two levels (cf. AttriBoT: Liu, Kandpal and Raffel 2024,
 * arXiv 2411.15102): passages, and then the sentences of those that matter, while all
 * others stay. Each level is a table of its own.
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

  /** Identifies its sentences and passages: others have another key. */
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

  /** Whether passages come first; null: it isn't decided. */
  get isLong(): boolean | null {
    return this._isLong;
  }

  /** What the first of two levels deletes; null: there is one, or no decision. */
  get outer(): 'paragraphs' | 'passages' | null {
    return !this._isLong || !this._passages
      ? null
      : this._passages.areParagraphs
        ? 'paragraphs'
        : 'passages';
  }

  /** The levels that are known; none before the decision. */
  get levels(): readonly EffectLevel[] {
    return this._levels;
  }

  /** The level that is to be computed; null if all are, and before the decision. */
  get level(): EffectLevel | null {
    return this._levels.find(level => !level.isComplete) ?? null;
  }

  /** Whether everything is scored. */
  get isDone(): boolean {
    return this._isLong !== null && this.level === null;
  }

  /** How many sets are scored, of about how many; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    const levels = this._levels;
    const done = levels.reduce((sum, { numKnown }) => sum + numKnown, 0);
    const total = levels.reduce(
      (sum, { numKnown, numSets }) => sum + Math.max(numKnown, numSets),
      this._expected()
    );
    return done > 0 ? { done, total } : null;
  }

  /** What a page stores of it over a reload; null before the decision. */
  get saved(): ISavedPlan | null {
    const chosen = this._chosen ?? this._planned;
    return this._isLong === null
      ? null
      : { isLong: this._isLong, ...(chosen && { chosen: [...chosen] }) };
  }

  /**
   * What maps can show: null before all effects of a level are known. Another object when
   * maps look different by it: not whenever a set is scored, since long texts redraw then.
   */
  get source(): IEffectSource | null {
    return this._source;
  }

  /** What the history stores of it. */
  get kept(): KeptEffects[] {
    return this._levels.flatMap(level => level.kept);
  }

  /** The segments whose cost decides whether a prompt is long, until that is decided. */
  get measured(): IEffectSegments | null {
    return this._isWhole ? this.sentences : (this._passages?.segments ?? null);
  }

  /**
   * Decide whether passages come first, unless sets are scored already.
   *
   * @param cost - of `measured`; null if unknown.
   * @param budget - seconds that effects may take.
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
   * Do as an earlier page did.
   *
   * @param key - of the segments that it deleted first: not any others.
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

  /** Take what the history stores. Before any set is known, the plan follows from it. */
  recall(kept: readonly KeptEffects[]): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || kept.length === 0) {
      return;
    }
    const isStored = (segments: IEffectSegments | undefined) =>
      segments && storedEffects(segments, kept).sets.length > 0;
    const isOpen = this.progress === null;
    if (isOpen && this._isWhole && isStored(sentences)) {
      this._begin(false);
    } else if (isOpen && passages && isStored(passages.segments)) {
      this._begin(true);
      this._planned = storedPassages(passages, sentences, kept);
    }
    // The first level may complete, and begin the second one.
    for (let i = 0; i < this._levels.length; i++) {
      this._levels[i].recall(kept);
      this._onTaken();
    }
  }

  /** Take what a job of a level sent. */
  take(index: number, events: readonly EffectsEvent[]): void {
    this._levels[index]?.take(events);
    this._onTaken();
  }

  /** Take what a job sent that scored chosen sets. */
  takeChosen(request: EffectsRequest, events: readonly EffectsEvent[]): void {
    this._levels.find(level => level.isOf(request))?.take(events);
    this._onTaken();
  }

  /** The request for the rest of the level. */
  request(run: IRun): EffectsRequest | null {
    return this.level?.request(run) ?? null;
  }

  /** Return to the usual numbers of sets. */
  settle(): void {
    this._levels.forEach(level => level.settle());
  }

  /**
   * What all that is left costs.
   *
   * @param cost - of the rest of the level; before any set is scored, of `measured`.
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
   * What comes first costs, each sentence alone, by the cost of all; null: another plan, or some sets are scored.
   */
  aloneOf(cost: Estimate): Estimate | null {
    return this.sentences && this._isLong === false && this.progress === null
      ? scaled(cost, Math.min(cost.passes, 1 + this.sentences.spans.length))
      : null;
  }

  /**
   * What deleting each sentence would cost, by the cost of something else of this run;
   * null: that can't be done.
   */
  wholeOf(cost: Estimate): Estimate | null {
    return this.sentences && this._isWhole
      ? scaled(cost, countSets(this.sentences))
      : null;
  }

  /** How many sets of a level that isn't known yet are to be expected. */
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
      this._levels = [new EffectLevel(0, segments)];
    }
  }

  private _onTaken(): void {
    const [first] = this._levels;
    if (this._isLong && this._chosen === null && first.isComplete) {
      this._look(first.table);
    }
    const state = [
      this._chosen !== null,
      ...this._levels.map(({ stage, table }) => [stage, table.chosen.length])
    ].join();
    if (state !== this._state) {
      this._state = state;
      this._source = this._makeSource();
    }
  }

  /** Choose the passages to look into. */
  private _look(table: IEffectTable): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || !passages) {
      return;
    }
    // What was chosen once stays: sets of other sentences continue no job.
    this._chosen =
      this._planned ??
      chosenPassages(table, passages, this._run, this._joinLines);
    const segments = sentencesIn(passages, this._chosen, sentences);
    if (segments) {
      this._levels = [...this._levels, new EffectLevel(1, segments)];
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
  private _isLong: boolean | null = null;
  private _levels: readonly EffectLevel[] = [];
  /** The passages that are looked into; null: not known yet. */
  private _chosen: readonly number[] | null = null;
  /** Those that an earlier page looked into. */
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

/** Which passages were looked into, by the sentences that stored effects are of. */
function storedPassages(
  { places }: IPassages,
  { texts }: IEffectSegments,
  kept: readonly KeptEffects[]
): number[] | null {
  const at = new Map(texts.map((text, i) => [keyOf(text), places[i]]));
  for (const { segments } of kept) {
    const found = segments.map(text => at.get(keyOf(text)));
    const chosen = [...new Set(found)];
    const isWhole = chosen.every(one => one !== undefined);
    const count = places.filter(place => chosen.includes(place)).length;
    if (isWhole && count === segments.length) {
      return chosen as number[];
    }
  }
  return null;
}

function keyOf(text: { turn: number; start: number; end: number }): string {
  return `${text.turn}:${text.start}:${text.end}`;
}
