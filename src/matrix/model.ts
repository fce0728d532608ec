import type { ISignal } from '@lumino/signaling';

import type { Estimate } from '../api';
import type { TokenSpan } from '../salience';
import type { Computation } from '../session/computation';
import type { DemandedScores } from '../session/demand';
import type { Explanation } from '../session/explanation';
import { cutText } from '../session/runText';
import type { IText } from '../session/runText';
import { memo } from '../session/memo';
import { METHODS, scoresTokens } from '../session/methods';
import type { MapMethod } from '../session/methods';
import { Model } from '../session/model';
import type { IProblem } from '../session/problem';
import type { Runs } from '../session/runs';
import type { ISettings } from '../session/settings';
import { makeEffectTable } from './effectTable';
import { makeTable, targetsOf } from './table';
import type { ITable, Scale } from './table';

/** The progress of a method that explains one sentence at a time. */
export interface IFilling {
  /** Computed rows, and all that can be computed. */
  readonly done: number;
  readonly total: number;
  /** The most that the others cost; null if unknown. */
  readonly estimate: Estimate | null;
  /** When computing started, in milliseconds since the epoch; null if it wasn't requested. */
  readonly since: number | null;
  /** What the running computation waits for. */
  readonly message: string;
  /** Why the last computation failed, or null. */
  readonly problem: IProblem | null;
}

/** What the matrix needs from the session. */
export interface IMatrixSession {
  readonly runs: Pick<Runs, 'shown'>;
  readonly settings: ISettings;
  readonly explanation: Pick<
    Explanation,
    'scores' | 'target' | 'text' | 'demandFor' | 'setTarget' | 'effects'
  >;
  readonly changed: ISignal<unknown, void>;
  reveal(token: number): void;
}

/**
 * The whole answer at once: the map of each of its sentences.
 *
 * Some methods explain all sentences automatically. Of other methods it shows the
 * computed rows, and computes the missing ones on request, one after
 * another.
 */
export class MatrixModel extends Model {
  constructor(session: IMatrixSession) {
    super();
    this._session = session;
    session.changed.connect(this._onSession, this);
  }

  /** The session. */
  get session(): IMatrixSession {
    return this._session;
  }

  /** What the cells say: effects, if they are known and the user hasn't chosen otherwise. */
  get by(): 'share' | 'effect' {
    const { shadeBy } = this._session.settings;
    const wished = this._by ?? (shadeBy === 'share' ? 'share' : 'effect');
    return wished === 'effect' && this._effectTable ? 'effect' : 'share';
  }

  set by(by: 'share' | 'effect') {
    this._by = by;
    this._changed.emit();
  }

  /** Whether the effects on the answer's sentences are known. */
  get hasEffects(): boolean {
    return this._effectTable !== null;
  }

  /** The table; null until the answer is complete. */
  get table(): ITable | null {
    return this.by === 'effect' ? this._effectTable : this._shareTable;
  }

  /** The table of effects; null until they are known. */
  private get _effectTable(): ITable | null {
    const { settings, explanation } = this._session;
    const source = explanation.effects?.source ?? null;
    const text = this._text;
    const { intensity } = settings;
    return this._makeEffectTable(
      () =>
        source && text
          ? makeEffectTable(text, source, intensity, this._scale)
          : null,
      source,
      text,
      intensity,
      this._scale
    );
  }

  private get _shareTable(): ITable | null {
    const { settings, explanation } = this._session;
    const { shown: run } = this._session.runs;
    const text = this._text;
    if (!run || !explanation.scores || !text) {
      return null;
    }
    const { aggregation, intensity } = settings;
    const method = this.method;
    const targets = targetsOf(text);
    return this._table(
      () =>
        makeTable(
          text,
          target => this._scoresOf(text, target),
          { method, aggregation, intensity },
          this._scale
        ),
      text,
      method,
      aggregation,
      intensity,
      this._scale,
      ...targets.map(target => this._scoresOf(text, target))
    );
  }

  /** The method in use. */
  get method(): MapMethod {
    return this._session.settings.method;
  }

  /**
   * The progress of a method that explains one sentence at a time; null for an
   * automatic method, and if no row is missing.
   */
  get filling(): IFilling | null {
    const computations = this._computations();
    const missing = computations.filter(one => one.phase !== 'done');
    if (missing.length === 0) {
      return null;
    }
    // The last sentence follows the most text: no other costs more.
    const { estimate } = missing[missing.length - 1];
    const count = missing.length;
    return {
      done: computations.length - count,
      total: computations.length,
      estimate: estimate && {
        passes: estimate.passes * count,
        seconds: estimate.seconds === null ? null : estimate.seconds * count
      },
      since: this._active && this._since,
      message: this._active?.message ?? '',
      problem: missing.find(one => one.problem)?.problem ?? null
    };
  }

  /** Request the cost of the missing rows. */
  async appraise(): Promise<void> {
    const missing = this._computations().filter(one => one.phase !== 'done');
    await missing[missing.length - 1]?.offer(false);
  }

  /** Compute the missing rows, one after another. */
  fill(): void {
    this._since = Date.now();
    this._next();
  }

  /** Stop; computed rows stay. */
  stop(): void {
    const active = this._active;
    this._active = null;
    active?.cancel();
    this._changed.emit();
  }

  /** Scale of the cells. */
  get scale(): Scale {
    return this._scale;
  }

  set scale(scale: Scale) {
    this._scale = scale;
    this._changed.emit();
  }

  protected release(): void {
    this._active = null;
    this._session.changed.disconnect(this._onSession, this);
  }

  /** Compute the rows without scores, for example of a run from the history. */
  requestMissing(): void {
    const text = this._text;
    if (text && METHODS[this.method].isAutomatic) {
      this._session.explanation.scores?.request(targetsOf(text));
    }
  }

  /** Set the target to a row's sentence, and scroll to a column's. */
  select(row: number, column: number): void {
    const { table } = this;
    if (table) {
      this._session.explanation.setTarget(table.rows[row].span);
      const token = table.columns[column]?.span[0];
      if (token !== undefined) {
        this._session.reveal(token);
      }
    }
  }

  /** The text in sentences, whatever the panel's granularity. */
  private get _text(): IText | null {
    const { shown: run } = this._session.runs;
    if (!run || run.answerTokens.length === 0) {
      return null;
    }
    const { joinLines } = this._session.settings;
    return this._cutText(
      () => cutText(run, 'sentences', null, { joinLines }),
      run.answerTokens,
      joinLines
    );
  }

  /** Scores of a row by the current method; null until they are computed. */
  private _scoresOf(
    text: IText,
    target: TokenSpan
  ): readonly number[] | DemandedScores {
    const { scores } = this._session.explanation;
    const { method } = this;
    return scoresTokens(method) && METHODS[method].isAutomatic
      ? (scores?.get(target, method) ?? null)
      : (this._session.explanation.demandFor(method, text, target)?.computation
          ?.result ?? null);
  }

  /** Each row's computation, for a method that isn't automatic. */
  private _computations(): Computation<DemandedScores>[] {
    const text = this._text;
    const { method } = this;
    if (!text || METHODS[method].isAutomatic) {
      return [];
    }
    return targetsOf(text).flatMap(
      target =>
        this._session.explanation.demandFor(method, text, target)
          ?.computation ?? []
    );
  }

  private _next(): void {
    const next = this._computations().find(one => one.phase !== 'done');
    this._active = next ?? null;
    next?.start();
    this._changed.emit();
  }

  private _onSession(): void {
    const active = this._active;
    if (active?.phase === 'done') {
      this._next();
      return;
    }
    // Failed, cancelled because of another request, or of another run.
    if (active && (active.phase !== 'running' || active.isDisposed)) {
      this._active = null;
    }
    this._changed.emit();
  }

  private readonly _session: IMatrixSession;
  private _active: Computation<DemandedScores> | null = null;
  private _since = 0;
  private _scale: Scale = 'row';
  /** What the user chose for the cells; null: nothing yet. */
  private _by: 'share' | 'effect' | null = null;
  private readonly _makeEffectTable = memo<ITable | null>();
  private readonly _cutText = memo<IText>();
  private readonly _table = memo<ITable>();
}
