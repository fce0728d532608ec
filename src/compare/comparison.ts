import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import type { ISegmentMark } from '../map/segment';
import type { TokenSpan } from '../salience';
import type { IShownMap, IText } from '../session/map';
import { cutText } from '../session/map';
import { Model } from '../session/model';
import type { ISettings } from '../session/settings';
import type { Splitter } from '../session/splitter';
import type { IPair } from './align';
import { differenceMap, differenceOfMaps, onRange } from './difference';
import type { IMapDifference } from './difference';
import { memo } from '../session/memo';
import {
  alignSegments,
  differenceOfTexts,
  joinAlignments,
  otherSide,
  wordsWithin
} from './segments';
import type { IAlignment, ITextDifference, Part, Side } from './segments';
import { CompareSide } from './side';
import type { SideClient } from './side';
import { counterpart } from './targets';
import type { Match } from './targets';
import { trialOf } from './trial';

/** What is laid over the two texts. */
export type CompareView = 'text' | 'maps' | 'difference';

export const VIEWS: readonly CompareView[] = ['text', 'maps', 'difference'];

/** What leads to a comparison again. */
export interface ICompareState {
  /** Ids of runs. */
  readonly left: string;
  /** Null for a trial whose run was never begun. */
  readonly right: string | null;
  readonly view: CompareView;
  /** Whether both maps' colours have one range. */
  readonly shared: boolean;
  /** Whether a target on one side chooses that on the other. */
  readonly linked: boolean;
  /** A trial: the left run without these tokens of its prompt. */
  readonly without: TokenSpan | null;
  /** What is explained on the left. */
  readonly target: TokenSpan | null;
}

/** Where what the user chose comes from. */
export interface ISettingsSource {
  readonly settings: ISettings;
  /** Cuts by the user's expression. */
  readonly splitter: Splitter | null;
  readonly changed: ISignal<ISettingsSource, void>;
}

/**
 * Two runs side by side: how their texts differ, and how their maps do.
 *
 * Views read it and draw themselves anew when `changed` is emitted; what they
 * compare by identity is made anew only when what it is made of changed.
 */
export class Comparison extends Model {
  constructor(
    client: SideClient,
    settings: ISettingsSource,
    trans: TranslationBundle
  ) {
    super();
    this._trans = trans;
    this._source = settings;
    this._sides = {
      left: new CompareSide(client, trans, settings.splitter),
      right: new CompareSide(client, trans, settings.splitter)
    };
    for (const side of Object.values(this._sides)) {
      side.explanation.setSettings(settings.settings);
      side.changed.connect(this._onSide, this);
    }
    this._settings = settings.settings;
    settings.changed.connect(this._onSettings, this);
  }

  /** What is wrong with the user's expression, in words; or empty. */
  get patternProblem(): string {
    return this._source.splitter?.problem ?? '';
  }

  /** The two sides. */
  get sides(): Readonly<Record<Side, CompareSide>> {
    return this._sides;
  }

  /** What the user chose, for the panel too. */
  get settings(): ISettings {
    return this._settings;
  }

  get view(): CompareView {
    return this._view;
  }

  set view(view: CompareView) {
    this._view = view;
    this._emit();
  }

  /** Whether both maps' colours have one range. */
  get shared(): boolean {
    return this._shared;
  }

  set shared(shared: boolean) {
    this._shared = shared;
    this._emit();
  }

  /** Whether a target on one side chooses that on the other. */
  get linked(): boolean {
    return this._linked;
  }

  set linked(linked: boolean) {
    this._linked = linked;
    this._emit();
  }

  /** Of a trial, what was taken away from the left prompt; else null. */
  get without(): TokenSpan | null {
    return this._without;
  }

  /** How the target of a side was found; null where the user chose it. */
  matched(side: Side): Match | 'none' | null {
    return this._matched[side];
  }

  /** How prompt or answer differs; null before both are there. */
  differences(part: Part): ITextDifference | null {
    const texts = this._texts();
    if (!texts || (part === 'answer' && this._isAnswering)) {
      return null;
    }
    const [left, right] = texts;
    const { left: a, right: b } = this._sides;
    const make = () => differenceOfTexts(left, right, part);
    return part === 'prompt'
      ? this._promptDifference(make, a.run?.promptTokens, b.run?.promptTokens)
      : this._answerDifference(make, a.run?.answerTokens, b.run?.answerTokens);
  }

  /** The segments, aligned; null before there are two texts. */
  get alignment(): IAlignment | null {
    const texts = this._texts();
    return texts && this._align(...texts);
  }

  /** How the maps differ; null before both are there. */
  get difference(): IMapDifference | null {
    const [left, right] = this._maps();
    const { alignment } = this;
    return left && right && alignment
      ? this._difference(
          () => differenceOfMaps(alignment.pairs, left, right),
          left,
          right,
          alignment
        )
      : null;
  }

  /** What is laid over a side's text; null where there is nothing yet. */
  shown(side: Side): IShownMap | null {
    const map = this._sides[side].explanation.map;
    if (!map || this._view === 'text') {
      return null;
    }
    const { intensity } = this._settings;
    if (this._view === 'difference') {
      const { difference } = this;
      return difference
        ? this._shown[side](
            () => differenceMap(map, side, difference, intensity),
            map,
            difference,
            intensity
          )
        : null;
    }
    const range = this.rangeOf(side);
    return this._shown[side](
      () => onRange(map, range, intensity),
      map,
      range,
      intensity
    );
  }

  /** The share that has full colour on a side. */
  rangeOf(side: Side): number {
    const [left, right] = this._maps();
    const own = (side === 'left' ? left : right)?.maxShare ?? 0;
    return this._shared
      ? Math.max(left?.maxShare ?? 0, right?.maxShare ?? 0)
      : own;
  }

  /**
   * How a side's segments are marked: words that differ in the texts, and
   * segments without counterpart in the difference of the maps; else null.
   */
  marks(side: Side): readonly ISegmentMark[] | null {
    const text = this._sides[side].explanation.text;
    const { alignment, _view: view } = this;
    if (!text || !alignment || view === 'maps') {
      return null;
    }
    if (view === 'difference') {
      const pairs: readonly (IPair | undefined)[] = alignment.of[side];
      return this._marks[side](
        () => text.segments.map((_, i) => markOf(pairs[i])),
        text,
        alignment,
        view
      );
    }
    const parts = [this.differences('prompt'), this.differences('answer')];
    return this._marks[side](
      () =>
        wordsWithin(
          text,
          parts.flatMap(part => part?.words[side] ?? [])
        ).map(words => (words.length === 0 ? UNMARKED : { words })),
      text,
      ...parts
    );
  }

  protected release(): void {
    this._source.changed.disconnect(this._onSettings, this);
    this._sides.left.dispose();
    this._sides.right.dispose();
  }

  /**
   * Run the left side's prompt without some of its tokens, on the right.
   *
   * @returns false where nothing of the prompt would be left.
   */
  async tryWithout(span: TokenSpan, maxNewTokens: number): Promise<boolean> {
    const { run } = this._sides.left;
    if (!run) {
      return false;
    }
    this._without = span;
    const request = trialOf(run, span, this._trans);
    if (request.prompt.trim() === '') {
      return false;
    }
    await this._sides.right.generate(request, maxNewTokens);
    return true;
  }

  /** Fetch both runs of the history, or what leads to them. Never rejects. */
  async restore(
    state: Partial<ICompareState> & Pick<ICompareState, 'left'>
  ): Promise<void> {
    this._view = state.view ?? this._view;
    this._shared = state.shared ?? this._shared;
    this._linked = state.linked ?? this._linked;
    const { left, right } = this._sides;
    const ids = [state.left, state.right ?? null];
    const without = (this._without = state.without ?? null);
    if (state.target) {
      this.setTarget(state.target, 'left');
    }
    const [hasLeft, hasRight] = await Promise.all([
      left.load(state.left),
      ids[1] !== null && right.load(ids[1])
    ]);
    if (without && hasLeft && !hasRight && left.run) {
      const request = trialOf(left.run, without, this._trans);
      await right.follow(request, this._settings.maxNewTokens, ids[1]);
    }
  }

  /** What leads to this comparison again; null before it is known. */
  save(): ICompareState | null {
    const { left, right } = this._sides;
    if (left.id === null || (right.id === null && !this._without)) {
      return null;
    }
    return {
      left: left.id,
      right: right.id,
      view: this._view,
      shared: this._shared,
      linked: this._linked,
      without: this._without,
      target: left.explanation.target ?? this._wanted?.target ?? null
    };
  }

  /** Put the left side on the right, and the right on the left. */
  swap(): void {
    const { left, right } = this._sides;
    this._sides = { left: right, right: left };
    this._matched = { left: this._matched.right, right: this._matched.left };
    // Of a trial, the left side is what it was made of.
    this._without = null;
    this._emit();
  }

  /**
   * Make the segment of a side that holds a token its target; where targets are
   * linked, what belongs to it becomes that of the other side.
   */
  pickSegment(side: Side, token: number, extend: boolean): boolean {
    const { explanation } = this._sides[side];
    if (!explanation.pickSegment(token, extend)) {
      return false;
    }
    this._matched[side] = null;
    if (this._linked) {
      this._follow(side);
    }
    this._emit();
    return true;
  }

  /** Take a target over, once the side has its answer; the other side follows. */
  setTarget(target: TokenSpan, side: Side): void {
    const { explanation } = this._sides[side];
    if (explanation.scores === null) {
      this._wanted = { side: this._sides[side], target };
      return;
    }
    this._wanted = null;
    explanation.setTarget(target);
    if (this._linked) {
      this._follow(side);
    }
    this._emit();
  }

  /** Have no targets. */
  clear(): void {
    this._matched = { left: null, right: null };
    this._sides.left.explanation.setTarget(null);
    this._sides.right.explanation.setTarget(null);
  }

  /** Choose on the other side what belongs to a side's target. */
  private _follow(side: Side): void {
    const to = otherSide(side);
    const { explanation } = this._sides[to];
    const { target } = this._sides[side].explanation;
    const texts = this._wholeTexts();
    if (!target || !texts || !explanation.scores) {
      return; // Once the other side has an answer, it follows.
    }
    const found = counterpart(
      side,
      target,
      texts,
      joinAlignments([
        alignSegments(...texts, 'answer', this._settings.granularity)
      ])
    );
    this._matched[to] = found?.match ?? 'none';
    explanation.setTarget(found?.span ?? null);
  }

  private get _isAnswering(): boolean {
    return Object.values(this._sides).some(side => side.phase === 'running');
  }

  private _texts(): [IText, IText] | null {
    const left = this._sides.left.explanation.text;
    const right = this._sides.right.explanation.text;
    return left && right && [left, right];
  }

  /** The texts in segments that no target cuts. */
  private _wholeTexts(): [IText, IText] | null {
    const { left, right } = this._sides;
    const { granularity } = this._settings;
    return left.run && right.run
      ? [
          cutText(left.run, granularity, null),
          cutText(right.run, granularity, null)
        ]
      : null;
  }

  private _maps(): [IShownMap | null, IShownMap | null] {
    const { left, right } = this._sides;
    return [left.explanation.map, right.explanation.map];
  }

  private _align(left: IText, right: IText): IAlignment {
    const { granularity } = this._settings;
    const prompt = this._promptPairs(
      () => alignSegments(left, right, 'prompt', granularity),
      left.prompt,
      right.prompt
    );
    return this._alignment(
      () =>
        joinAlignments([
          prompt,
          alignSegments(left, right, 'answer', granularity)
        ]),
      prompt,
      left,
      right
    );
  }

  private _onSettings(): void {
    const { settings } = this._source;
    if (settings !== this._settings) {
      this._settings = settings;
      this._sides.left.explanation.setSettings(settings);
      this._sides.right.explanation.setSettings(settings);
      this._emit();
    }
  }

  private _onSide(changed: CompareSide): void {
    // A side whose answer has just come follows the other one's target.
    const side = changed === this._sides.left ? 'left' : 'right';
    const { target, scores } = changed.explanation;
    const isReady = scores !== null;
    if (isReady && !this._ready.has(changed)) {
      this._ready.add(changed);
      if (this._wanted?.side === changed) {
        this.setTarget(this._wanted.target, side);
      } else if (this._linked && !target) {
        this._follow(otherSide(side));
      }
    } else if (!isReady) {
      this._ready.delete(changed);
    }
    this._emit();
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _source: ISettingsSource;
  private readonly _ready = new Set<CompareSide>();
  private readonly _promptPairs = memo<IPair[]>();
  private readonly _alignment = memo<IAlignment>();
  private readonly _promptDifference = memo<ITextDifference>();
  private readonly _answerDifference = memo<ITextDifference>();
  private readonly _difference = memo<IMapDifference>();
  private readonly _shown = {
    left: memo<IShownMap>(),
    right: memo<IShownMap>()
  };
  private readonly _marks = {
    left: memo<readonly ISegmentMark[]>(),
    right: memo<readonly ISegmentMark[]>()
  };
  private _sides: Record<Side, CompareSide>;
  private _settings: ISettings;
  private _view: CompareView = 'text';
  private _shared = true;
  private _linked = true;
  private _without: TokenSpan | null = null;
  private _wanted: { side: CompareSide; target: TokenSpan } | null = null;
  private _matched: Record<Side, Match | 'none' | null> = {
    left: null,
    right: null
  };
}

const UNMARKED: ISegmentMark = { words: [] };

function markOf(pair: IPair | undefined): ISegmentMark {
  if (pair === undefined || pair.kind === 'same') {
    return UNMARKED;
  }
  return { kind: pair.kind === 'changed' ? 'changed' : 'only', words: [] };
}
