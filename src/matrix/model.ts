import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Method } from '../api';
import type { TokenSpan } from '../salience';
import { cutText } from '../session/map';
import type { IText } from '../session/map';
import { isGradient, METHODS } from '../session/methods';
import type { IRun } from '../session/run';
import type { ScoreStore } from '../session/scores';
import type { ISettings } from '../session/settings';
import { makeTable, targetsOf } from './table';
import type { ITable, Scale } from './table';

/** What the matrix needs of the session. */
export interface IMatrixSession {
  readonly run: IRun | null;
  readonly scores: ScoreStore | null;
  readonly settings: ISettings;
  readonly target: TokenSpan | null;
  readonly changed: ISignal<unknown, void>;
  aim(target: TokenSpan): void;
  reveal(token: number): void;
}

/**
 * The whole answer at once: for each of its sentences what led to it.
 *
 * Computes nothing itself: gradient methods explain all sentences unasked.
 */
export class MatrixModel implements IDisposable {
  constructor(session: IMatrixSession) {
    this._session = session;
    session.changed.connect(this._onSession, this);
  }

  /** The answer under way or shown. */
  get session(): IMatrixSession {
    return this._session;
  }

  /** The table; null before there is a complete answer. */
  get table(): ITable | null {
    const { run, scores, settings } = this._session;
    const text = this._text;
    if (!run || !scores || !text) {
      return null;
    }
    const { aggregation, intensity } = settings;
    const method = this.method;
    const targets = targetsOf(text);
    const made = [
      text,
      method,
      aggregation,
      intensity,
      this._scale,
      ...targets.map(target => scores.get(target, method))
    ];
    if (!this._table || made.some((item, i) => item !== this._madeOf[i])) {
      this._madeOf = made;
      this._table = makeTable(
        text,
        target => scores.get(target, method),
        { method, aggregation, intensity },
        this._scale
      );
    }
    return this._table;
  }

  /** The method in use; the gradient's norm where that one is computed for one target at a time. */
  get method(): Method {
    const { method } = this._session.settings;
    return isGradient(method) && METHODS[method].isAutomatic
      ? method
      : 'grad_l2';
  }

  /** Whether the method in use is one that can't fill the table. */
  get isSubstitute(): boolean {
    return this.method !== this._session.settings.method;
  }

  /** What a cell is a part of. */
  get scale(): Scale {
    return this._scale;
  }

  set scale(scale: Scale) {
    this._scale = scale;
    this._changed.emit();
  }

  /** Emitted when anything above may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._session.changed.disconnect(this._onSession, this);
      Signal.clearData(this);
    }
  }

  /** Have the rows computed that aren't yet, as of a run of the history. */
  want(): void {
    const text = this._text;
    if (text) {
      this._session.scores?.request(targetsOf(text));
    }
  }

  /** Explain a row's sentence, and show a column's in the text. */
  select(row: number, column: number): void {
    const { table } = this;
    if (table) {
      this._session.aim(table.rows[row].span);
      const token = table.columns[column]?.span[0];
      if (token !== undefined) {
        this._session.reveal(token);
      }
    }
  }

  /** The text in sentences, whatever the panel shows it in. */
  private get _text(): IText | null {
    const { run } = this._session;
    if (!run || run.answerTokens.length === 0) {
      return null;
    }
    if (run.answerTokens !== this._cutOf) {
      this._cutOf = run.answerTokens;
      this._cut = cutText(run, 'sentences', null);
    }
    return this._cut;
  }

  private _onSession(): void {
    this._changed.emit();
  }

  private readonly _session: IMatrixSession;
  private readonly _changed = new Signal<this, void>(this);
  private _scale: Scale = 'row';
  private _cut: IText | null = null;
  private _cutOf: unknown = null;
  private _table: ITable | null = null;
  private _madeOf: readonly unknown[] = [];
  private _isDisposed = false;
}
