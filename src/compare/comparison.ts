import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import type { IEffect, TokenSpan } from '../salience';
import type { Effects } from '../session/effects';
import type { IEffectSource } from '../session/effectSegments';
import type { Explanation } from '../session/explanation';
import type { IText } from '../session/runText';
import { cutText } from '../session/runText';
import { Model } from '../session/model';
import type { Runs } from '../session/runs';
import type { ISettings } from '../session/settings';
import type { Splitter } from '../session/splitter';
import { OldAnswer } from './oldAnswer';
import { Overlays } from './overlays';
import type { CompareView } from './overlays';
import { alignSegments, joinAlignments, otherSide } from './segments';
import type { Side } from './segments';
import { CompareSide } from './side';
import type { SideClient } from './side';
import { counterpart } from './targets';
import type { Match } from './targets';
import { trialOf } from './trial';
import type { ITrial } from './trial';

/** What is stored of a comparison over a reload. */
export interface ICompareState {
  /** Ids of runs. */
  readonly left: string;
  /** Null for a trial whose run never started. */
  readonly right: string | null;
  readonly view: CompareView;
  /** Whether the colours of both maps have one range. */
  readonly shared: boolean;
  /** Whether a target on one side also sets the other side's target. */
  readonly linked: boolean;
  /** A trial: what it changes of the left run's prompt; null: it is none. */
  readonly parts: readonly TokenSpan[] | null;
  /** The text in a part's place; null: none. */
  readonly replacement: string | null;
  /** The left side's target. */
  readonly target: TokenSpan | null;
}

/** Where the user's settings come from. */
export interface ISettingsSource {
  readonly settings: ISettings;
  /** Cuts by the user's expression. */
  readonly splitter: Splitter | null;
  readonly changed: ISignal<ISettingsSource, void>;
  /** What the panel shows: a side of the same run takes up its effects. */
  readonly runs?: Pick<Runs, 'shown'>;
  readonly explanation?: Partial<Pick<Explanation, 'effects'>>;
}

/** Two runs side by side: their sides, targets, and what is laid over them. */
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
    this.oldAnswer = new OldAnswer(client, trans);
    this.oldAnswer.changed.connect(this._emit, this);
    for (const side of Object.values(this._sides)) {
      side.explanation.setSettings(settingsOf(settings.settings));
      side.changed.connect(this._onSide, this);
    }
    this._settings = settings.settings;
    settings.changed.connect(this._onSettings, this);
  }

  /** What is wrong with the user's expression; or empty. */
  get patternProblem(): string {
    return this._source.splitter?.problem ?? '';
  }

  /** What is laid over the two texts. */
  readonly overlays = new Overlays(this);

  /** How likely the left side's answer is after the trial's prompt. */
  readonly oldAnswer: OldAnswer;

  /** The two sides. */
  get sides(): Readonly<Record<Side, CompareSide>> {
    return this._sides;
  }

  /** The user's settings, which the panel shares. */
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

  /** Whether the colours of both maps have one range. */
  get shared(): boolean {
    return this._shared;
  }

  set shared(shared: boolean) {
    this._shared = shared;
    this._emit();
  }

  /** Whether a target on one side also sets the other side's target. */
  get linked(): boolean {
    return this._linked;
  }

  set linked(linked: boolean) {
    this._linked = linked;
    this._emit();
  }

  /** What a trial changes of the left prompt; null for no trial. */
  get trial(): ITrial | null {
    return this._trial;
  }

  /** What the shades follow: effects only where both sides have them. */
  get by(): 'share' | 'effect' {
    return this.hasEffects && this._settings.shadeBy !== 'share'
      ? 'effect'
      : 'share';
  }

  /** Whether the effects on both targets are known. */
  get hasEffects(): boolean {
    const { left, right } = this._sides;
    return [left, right].every(side => side.explanation.map?.effects);
  }

  /**
   * What a trial does to the left answer's target, as its effects say beforehand; null:
   * it is no trial, or they don't say.
   */
  get expected(): IEffect | null {
    const { map } = this._sides.left.explanation;
    const { spans = [], replacement = null } = this._trial ?? {};
    if (spans.length !== 1 || replacement !== null) {
      return null; // Effects are those of single parts.
    }
    const [[start, end]] = spans;
    const index = map?.segments.findIndex(
      ({ span }) => span[0] === start && span[1] === end
    );
    return map?.effects?.all[index ?? -1] ?? null;
  }

  /** How a side's target was found; null if the user chose it. */
  matched(side: Side): Match | 'none' | null {
    return this._matched[side];
  }

  protected release(): void {
    this._source.changed.disconnect(this._onSettings, this);
    this.oldAnswer.dispose();
    this._sides.left.dispose();
    this._sides.right.dispose();
  }

  /**
   * Run the left side's prompt after a trial's change, on the right.
   *
   * @returns false if nothing of the prompt would be left.
   */
  async try(trial: ITrial, maxNewTokens: number): Promise<boolean> {
    const { run } = this._sides.left;
    if (!run) {
      return false;
    }
    this._trial = trial;
    const request = trialOf(run, trial, this._trans);
    if (request.prompt.trim() === '') {
      return false;
    }
    // The user may swap the sides meanwhile.
    const { right } = this._sides;
    // One pass, before an answer that takes many.
    await this.oldAnswer.compute(run, request);
    if (!this.isDisposed) {
      await right.generate(request, maxNewTokens);
    }
    return true;
  }

  /** Load both runs from the history; run a trial again if necessary. Never rejects. */
  async restore(
    state: Partial<ICompareState> & Pick<ICompareState, 'left'>
  ): Promise<void> {
    this._view = state.view ?? this._view;
    this._shared = state.shared ?? this._shared;
    this._linked = state.linked ?? this._linked;
    const { left, right } = this._sides;
    const ids = [state.left, state.right ?? null];
    const { parts = null, replacement = null } = state;
    const trial = (this._trial = parts && { spans: parts, replacement });
    if (state.target) {
      this.setTarget(state.target, 'left');
    }
    const [hasLeft, hasRight] = await Promise.all([
      left.load(state.left),
      ids[1] !== null && right.load(ids[1])
    ]);
    if (trial && hasLeft && !hasRight && left.run) {
      const request = trialOf(left.run, trial, this._trans);
      await right.follow(request, this._settings.maxNewTokens, ids[1]);
    }
  }

  /** What to store over a reload; null until both runs have an id. */
  save(): ICompareState | null {
    const { left, right } = this._sides;
    if (left.id === null || (right.id === null && !this._trial)) {
      return null;
    }
    return {
      left: left.id,
      right: right.id,
      view: this._view,
      shared: this._shared,
      linked: this._linked,
      parts: this._trial?.spans ?? null,
      replacement: this._trial?.replacement ?? null,
      target: left.explanation.target ?? this._wanted?.target ?? null
    };
  }

  /** Swap the sides. */
  swap(): void {
    const { left, right } = this._sides;
    this._sides = { left: right, right: left };
    this._matched = { left: this._matched.right, right: this._matched.left };
    // A trial changes the left side's prompt, which is now another one.
    this._trial = null;
    this._emit();
  }

  /**
   * Make the segment of a side that contains a token its target. If targets are
   * linked, the other side's counterpart becomes a target, too.
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

  /** Set a side's target as soon as it has an answer; the other side follows. */
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

  /** Remove both targets. */
  clear(): void {
    this._matched = { left: null, right: null };
    this._sides.left.explanation.setTarget(null);
    this._sides.right.explanation.setTarget(null);
  }

  /** Make the counterpart of a side's target the other side's target. */
  private _follow(side: Side): void {
    const to = otherSide(side);
    const { explanation } = this._sides[to];
    const { target } = this._sides[side].explanation;
    const texts = this._wholeTexts();
    if (!target || !texts || !explanation.scores) {
      return; // The other side follows when it has an answer.
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

  /** The texts in segments that no target cuts. */
  private _wholeTexts(): [IText, IText] | null {
    const { left, right } = this._sides;
    const { granularity, joinLines } = this._settings;
    return left.run && right.run
      ? [
          cutText(left.run, granularity, null, { joinLines }),
          cutText(right.run, granularity, null, { joinLines })
        ]
      : null;
  }

  private _onSettings(): void {
    const { settings } = this._source;
    if (settings !== this._settings) {
      this._settings = settings;
      const shown = settingsOf(settings);
      this._sides.left.explanation.setSettings(shown);
      this._sides.right.explanation.setSettings(shown);
      this._emit();
    }
    Object.values(this._sides).forEach(side => this._learn(side));
  }

  /** Take up effects that the panel has computed since: a comparison computes none. */
  private _learn(side: CompareSide): void {
    const { runs, explanation } = this._source;
    const id = runs?.shown?.jobId ?? null;
    const shown = explanation?.effects ?? null;
    const { effects } = side.explanation;
    const isSame = id !== null && side.run?.jobId === id;
    if (!shown?.source || !effects || !isSame) {
      return;
    }
    if (this._learned.get(effects) !== shown.source) {
      this._learned.set(effects, shown.source);
      effects.learn(shown.kept);
    }
  }

  private _onSide(changed: CompareSide): void {
    this._learn(changed);
    // A side whose answer is now complete follows the other side's target.
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
  private _sides: Record<Side, CompareSide>;
  /** What the effects of a side have been taken up from. */
  private readonly _learned = new WeakMap<Effects, IEffectSource>();
  private _settings: ISettings;
  private _view: CompareView = 'text';
  private _shared = true;
  private _linked = true;
  private _trial: ITrial | null = null;
  private _wanted: { side: CompareSide; target: TokenSpan } | null = null;
  private _matched: Record<Side, Match | 'none' | null> = {
    left: null,
    right: null
  };
}

/** A comparison computes no effects, and shades by them itself: only if both sides have them. */
function settingsOf(settings: ISettings): ISettings {
  return { ...settings, shadeBy: 'share', effectsSeconds: 0 };
}
