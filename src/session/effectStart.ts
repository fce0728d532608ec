/** When effects start without a click: within a budget of time, while nothing else needs the model. */
import type { Estimate } from '../api';
import { DEFAULT_SETTINGS } from './settings';

/** The conditions for computing effects. */
export interface ICircumstances {
  /** Whether something else needs the model. */
  readonly isPaused: boolean;
  /** Whether effects may start without a click. */
  readonly isAutomatic: boolean;
}

/** Decides once for each budget whether a run's effects start without a click. */
export class EffectStart {
  /** @param _ask - requests the cost. */
  constructor(private readonly _ask: () => Promise<void>) {}

  /** The seconds that effects may take without a click; 0 to always require one. */
  get budget(): number {
    return this._budget;
  }

  /** A prompt whose effects take more seconds is long. */
  get patience(): number {
    return this._budget > 0 ? this._budget : DEFAULT_SETTINGS.effectsSeconds;
  }

  /** Whether something else needs the model. */
  get isPaused(): boolean {
    return this._now.isPaused;
  }

  /** Whether the conditions allow a start without a click. */
  get isAutomatic(): boolean {
    return this._now.isAutomatic;
  }

  /** Whether the budget allows it as well. */
  get isAllowed(): boolean {
    return this.isAutomatic && this._budget > 0;
  }

  /** @returns whether the budget has changed. */
  setBudget(seconds: number): boolean {
    if (seconds === this._budget) {
      return false;
    }
    this._budget = seconds;
    this._hasTried = false;
    this._asked = null;
    return true;
  }

  /** @returns whether the conditions have changed. */
  setCircumstances(now: ICircumstances): boolean {
    const { isPaused, isAutomatic } = this._now;
    this._now = now;
    return now.isPaused !== isPaused || now.isAutomatic !== isAutomatic;
  }

  /** Request the cost while maps are computed, so that effects can start sooner. */
  foresee(): void {
    if (this.isAllowed && !this._hasTried && this._asked === null) {
      this._asked = this._ask();
    }
  }

  /**
   * Wait for the cost, unless this budget was already tried.
   *
   * @returns whether it wasn't.
   */
  async tryOnce(): Promise<boolean> {
    if (this._hasTried) {
      return false;
    }
    this._hasTried = true;
    await (this._asked ?? this._ask());
    this._asked = null;
    return true;
  }

  /** Try the budget again later, because another computation came first. */
  postpone(): void {
    this._hasTried = false;
  }

  /**
   * Whether the budget covers enough: all sets, or each sentence alone, which comes first and is the effect. Before the
   * first pass, the model's speed is unknown. The budget stops a computation that takes longer.
   */
  covers(all: Estimate | null, alone: Estimate | null): boolean {
    return ((alone ?? all)?.seconds ?? 0) <= this._budget;
  }

  private _now: ICircumstances = { isPaused: true, isAutomatic: false };
  private _budget = 0;
  /** Whether the budget was already tried. */
  private _hasTried = false;
  /** The request for the cost that `foresee` made. */
  private _asked: Promise<void> | null = null;
}
