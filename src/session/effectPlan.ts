/** What a run's effects are computed of: each sentence, or passages first. */
import type {
  EffectsEvent,
  EffectsRequest,
  Estimate,
  KeptEffects
} from '../api';
import {
  mergeEffects,
  MIN_HELD_OUT,
  MIN_RANDOM,
  NO_EFFECTS
} from '../salience';
import type { IEffectTable, LineJoining } from '../salience';
import { MAX_ABLATION_SEGMENTS } from './ablationSegments';
import {
  chosenPassages,
  lookedPasses,
  passagesOf,
  passCount,
  sentencesIn,
  setsOf
} from './effectPassages';
import type { IPassages } from './effectPassages';
import {
  effectsRequest,
  keptEffects,
  sentenceSegments,
  sizesOf,
  storedEffects
} from './effectSegments';
import type {
  IEffectSegments,
  IEffectSource,
  IEffectTables,
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

  /** Whether effects can be computed. */
  get isPossible(): boolean {
    return this._isWhole || this._passages !== null;
  }

  /** Whether passages come first; null: it isn't decided. */
  get isLong(): boolean | null {
    return this._isLong;
  }

  /** The level that is to be computed; null if all are, and before the decision. */
  get level(): IEffectTables | null {
    const level = this._levels[this._levels.length - 1];
    return level && !isComplete(level) ? level : null;
  }

  /** The index of that level. */
  get depth(): number {
    return this._levels.length - 1;
  }

  /** Whether everything is scored. */
  get isDone(): boolean {
    return this._isLong !== null && this.level === null;
  }

  /** How many sets are scored, of about how many; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    const tables = this._levels.map(({ table }) => table);
    const [first] = tables;
    if (!first || first.total === 0) {
      return null;
    }
    const done = tables.reduce((sum, { sets }) => sum + sets.length, 0);
    const total = this._levels.reduce(
      (sum, { segments, table }) => sum + (table.total || setsOf(segments)),
      this._expected()
    );
    return { done, total };
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
    return this._levels.flatMap(({ segments, table }) =>
      keptEffects(segments, table)
    );
  }

  /** The segments whose cost tells whether a prompt is long, until that is decided. */
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
    if (!sentences || this._levels.some(({ table }) => table.sets.length > 0)) {
      return;
    }
    const seconds = cost?.seconds ?? null;
    const isMuch =
      seconds === null
        ? sentences.texts.length > MANY_SENTENCES
        : seconds > budget;
    this._begin(passages !== null && (isMuch || !this._isWhole));
  }

  /** Do as an earlier page did. */
  resume({ isLong, chosen }: ISavedPlan): void {
    if (this._isLong === null && (isLong ? this._passages : this._isWhole)) {
      this._begin(isLong);
      this._planned = chosen ?? null;
    }
  }

  /** Take what the history stores. */
  recall(kept: readonly KeptEffects[]): void {
    const { sentences, _passages: passages } = this;
    if (!sentences || kept.length === 0) {
      return;
    }
    const whole = this._isWhole ? storedEffects(sentences, kept) : NO_EFFECTS;
    const first = passages
      ? storedEffects(passages.segments, kept)
      : NO_EFFECTS;
    if (whole.sets.length > 0) {
      this._begin(false);
      this._put(whole);
    } else if (passages && first.sets.length > 0) {
      this._begin(true);
      this._planned = storedPassages(passages, sentences, kept);
      this._put(first);
      const inner = this._levels[1];
      if (inner) {
        this._put(storedEffects(inner.segments, kept));
      }
    }
  }

  /**
   * Take what a job sent.
   *
   * @param depth - the level that it is of.
   */
  take(depth: number, events: readonly EffectsEvent[]): void {
    const level = this._levels[depth];
    if (level && depth === this.depth) {
      this._put(mergeEffects(level.table, events));
    }
  }

  /** The request for the rest of the level. */
  request(run: IRun): EffectsRequest | null {
    const { level } = this;
    return (
      level && {
        ...effectsRequest(run, level.segments),
        skip: level.table.sets.length
      }
    );
  }

  /**
   * What all that is left costs.
   *
   * @param cost - of the rest of the level; before the decision, of `measured`.
   */
  restOf(cost: Estimate): Estimate {
    return scaled(cost, cost.passes + this._expected());
  }

  /** What deleting each sentence would cost, by the cost of something else of this run. */
  wholeOf(cost: Estimate): Estimate | null {
    return this.sentences && scaled(cost, setsOf(this.sentences));
  }

  /** What passages and the sentences of those that matter cost, likewise. */
  longOf(cost: Estimate): Estimate {
    return this._passages ? scaled(cost, passCount(this._passages)) : cost;
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
      this._levels = [{ segments, table: NO_EFFECTS }];
    }
  }

  private _put(table: IEffectTable): void {
    const { depth } = this;
    const { segments } = this._levels[depth];
    this._levels = [...this._levels.slice(0, depth), { segments, table }];
    if (this._isLong && depth === 0 && isComplete(this._levels[0])) {
      this._look(table);
    }
    const stage = this._levels.map(stageOf).join();
    if (stage !== this._stage) {
      this._stage = stage;
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
      this._levels = [...this._levels, { segments, table: NO_EFFECTS }];
    }
  }

  private _makeSource(): IEffectSource | null {
    const [first, second] = this._levels;
    if (stageOf(first) === 0) {
      return null;
    }
    const { sentences } = this;
    if (!this._isLong || !this._passages || !sentences) {
      return first;
    }
    const { areParagraphs } = this._passages;
    const { seam } = first.segments;
    const isLooked = this._chosen !== null && (!second || stageOf(second) > 0);
    const inner = isLooked && second;
    return {
      ...(inner || {
        segments: { spans: [], texts: [], seam },
        table: NO_EFFECTS
      }),
      passages: {
        ...first,
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
  private _levels: readonly IEffectTables[] = [];
  /** The passages that are looked into; null: not known yet. */
  private _chosen: readonly number[] | null = null;
  /** Those that an earlier page looked into. */
  private _planned: readonly number[] | null = null;
  private _stage = '0';
  private _source: IEffectSource | null = null;
}

function isComplete({ segments, table }: IEffectTables): boolean {
  return table.sets.length >= (table.total || setsOf(segments));
}

function scaled({ passes, seconds }: Estimate, to: number): Estimate {
  return {
    passes: to,
    seconds: seconds === null ? null : (seconds * to) / Math.max(1, passes)
  };
}

/** How much of a table maps can show: nothing, effects, a reliability, a fit, and better ones. */
function stageOf({ segments, table: { sets } }: IEffectTables): number {
  const count = (kind: string) => sets.filter(set => set.kind === kind).length;
  if (count('one') <= segments.spans.length) {
    return 0;
  }
  const { heldOut, samples } = sizesOf(segments);
  const heldOuts = count('held_out');
  const random = count('random');
  return [
    true,
    heldOuts >= MIN_HELD_OUT,
    heldOuts >= heldOut,
    random >= MIN_RANDOM,
    random >= samples
  ].filter(Boolean).length;
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
