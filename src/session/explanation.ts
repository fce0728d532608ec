import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { segment } from '../salience';
import type { TokenSpan } from '../salience';
import { cutText, makeMap } from './map';
import type { IShownMap, IText } from './map';
import { isUnderWay, tokensOf } from './run';
import type { IRun } from './run';
import { ScoreStore } from './scores';
import type { ScoresClient } from './scores';
import { DEFAULT_SETTINGS } from './settings';
import type { ISettings } from './settings';

/**
 * What led to a run's answer: the text in segments, a target, and its map.
 *
 * `text` and `map` are made anew only when something they are made of changed.
 */
export class Explanation implements IDisposable {
  constructor(client: ScoresClient, trans: TranslationBundle) {
    this._client = client;
    this._trans = trans;
  }

  /** The run's text in segments; null before there are tokens. */
  get text(): IText | null {
    return this._text;
  }

  /** What is to be explained: a span of the answer's tokens, or null. */
  get target(): TokenSpan | null {
    return this._target;
  }

  /** When the target was chosen, in milliseconds since the epoch. */
  get targetSince(): number {
    return this._targetSince;
  }

  /** The target's map; null while there is no target or it is being computed. */
  get map(): IShownMap | null {
    return this._map;
  }

  /** Scores of the run; null before its answer is complete. */
  get scores(): ScoreStore | null {
    return this._scores;
  }

  /** Emitted when anything above changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._scores?.dispose();
      Signal.clearData(this);
    }
  }

  /** Take what the user chose. */
  set settings(settings: ISettings) {
    this._settings = settings;
    this._update();
  }

  /** Take the run to explain, or its next state. */
  set run(run: IRun | null) {
    if (run?.key !== this._run?.key) {
      // Nothing of the last one holds.
      this._anchor = null;
      this._target = null;
      this._scores?.dispose();
      this._scores = null;
    }
    this._run = run;
    if (
      run &&
      this._scores === null &&
      !isUnderWay(run) &&
      run.answerTokens.length > 0
    ) {
      this._score(run);
    }
    this._update();
  }

  /** Whether to leave the model to a run, and compute only what is demanded. */
  set isPaused(isPaused: boolean) {
    if (this._scores) {
      this._scores.isPaused = isPaused;
    }
  }

  /**
   * Make the segment that holds a token the target.
   *
   * @param extend - Whether to extend the target there is, instead.
   * @returns whether it can be one: only segments of the answer can.
   */
  pick(token: number, extend = false): boolean {
    const text = this._text;
    if (!text || token < text.seam || !this._scores) {
      return false;
    }
    // A segment that the target cuts is picked as a whole.
    const whole = segment(
      text.tokens,
      text.seam,
      this._settings.granularity
    ).find(([start, end]) => start <= token && token < end);
    if (!whole) {
      return false;
    }
    const anchor = (extend ? this._anchor : null) ?? whole;
    this.aim(
      [Math.min(anchor[0], whole[0]), Math.max(anchor[1], whole[1])],
      anchor
    );
    return true;
  }

  /**
   * Take a target, or none.
   *
   * @param anchor - what stays in it when it is extended.
   */
  aim(target: TokenSpan | null, anchor: TokenSpan | null = target): void {
    this._anchor = anchor;
    this._target = target;
    this._targetSince = Date.now();
    if (target) {
      this._scores?.demand(target);
    }
    this._update();
  }

  /** Compute all sentences of the answer, so that a click paints at once. */
  private _score(run: IRun): void {
    const tokens = tokensOf(run);
    const seam = run.promptTokens.length;
    const scores = new ScoreStore(
      this._client,
      run.model,
      tokens.map(token => token.id),
      this._trans
    );
    this._scores = scores;
    scores.changed.connect(() => this._update());
    const chosen = this._settings.granularity;
    const coarse = chosen === 'lines' || chosen === 'paragraphs';
    const targets = segment(tokens, seam, 'sentences').concat(
      coarse ? segment(tokens, seam, chosen) : []
    );
    // The sequence's first token is never predicted.
    scores.request(targets.filter(([start]) => start >= seam && start > 0));
  }

  /** Make text and map anew, if what they are made of changed. */
  private _update(): void {
    if (this._isDisposed) {
      return;
    }
    const { granularity, method, aggregation, intensity } = this._settings;
    const run = this._run;
    const target = this._target;
    const made = [run?.promptTokens, run?.answerTokens, granularity, target];
    if (!sameItems(made, this._textOf)) {
      this._textOf = made;
      this._text =
        run && run.promptTokens.length > 0
          ? cutText(run, granularity, target)
          : null;
    }
    const scores = target && this._scores?.get(target, method);
    const drawn = [this._text, scores, method, aggregation, intensity];
    if (!sameItems(drawn, this._mapOf)) {
      this._mapOf = drawn;
      this._map =
        target && scores && this._text
          ? makeMap(this._text, scores, target, this._settings)
          : null;
    }
    this._changed.emit();
  }

  private readonly _client: ScoresClient;
  private readonly _trans: TranslationBundle;
  private readonly _changed = new Signal<this, void>(this);
  private _settings: ISettings = DEFAULT_SETTINGS;
  private _run: IRun | null = null;
  private _scores: ScoreStore | null = null;
  private _target: TokenSpan | null = null;
  private _targetSince = 0;
  private _anchor: TokenSpan | null = null;
  private _text: IText | null = null;
  private _textOf: readonly unknown[] = [];
  private _map: IShownMap | null = null;
  private _mapOf: readonly unknown[] = [];
  private _isDisposed = false;
}

function sameItems(
  one: readonly unknown[],
  other: readonly unknown[]
): boolean {
  return (
    one.length === other.length && one.every((item, i) => item === other[i])
  );
}
