/** When effects start without a click: within a budget, while nothing else needs the model. */
import type { Estimate } from '../api';
import { DEFAULT_SETTINGS } from './settings';

/** When effects may be computed. */
export interface ICircumstances {
  /** Whether something else needs the model. */
  readonly isPaused: boolean;
  /** Whether they may start without a click. */
  readonly isAutomatic: boolean;
}

/** The start of a run's effects without a click, which is tried once for each budget. */
export class EffectStart {
  /** @param _ask - requests the cost. */
  constructor(private readonly _ask: () => Promise<void>) {}

  /** Seconds that effects may take without a click; 0: they need one. */
  get budget(): number {
    return this._budget;
  }

  /** Seconds from which a prompt is long. */
  get patience(): number {
    return this._budget > 0 ? this._budget : DEFAULT_SETTINGS.effectsSeconds;
  }

  /** Whether something else needs the model. */
  get isPaused(): boolean {
    return this._now.isPaused;
  }

  /** Whether the circumstances allow a start without a click. */
  get isAutomatic(): boolean {
    return this._now.isAutomatic;
  }

  /** Whether the budget does, too. */
  get isAllowed(): boolean {
    return this.isAutomatic && this._budget > 0;
  }

  /** @returns whether the budget is another one. */
  setBudget(seconds: number): boolean {
    if (seconds === this._budget) {
      return false;
    }
    this._budget = seconds;
    this._hasTried = false;
    this._asked = null;
    return true;
  }

  /** @returns whether the circumstances are other ones. */
  setCircumstances(now: ICircumstances): boolean {
    const { isPaused, isAutomatic } = this._now;
    this._now = now;
    return now.isPaused !== isPaused || now.isAutomatic !== isAutomatic;
  }

  /** Request the cost while the maps are computed: effects then start a request earlier. */
  foresee(): void {
    if (this.isAllowed && !this._hasTried && this._asked === null) {
      this._asked = this._ask();
    }
  }

  /**
   * Wait for the cost, unless the budget has been tried.
   *
   * @returns whether it hasn't.
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

  /** Try the budget again later, because something else came first. */
  postpone(): void {
    this._hasTried = false;
  }

  /**
   * Whether the budget covers enough: all, or each sentence alone, which comes first and is what an effect is. The budget
   * then ends what takes longer, also where a model's speed is unknown, before its first pass.
   */
  covers(all: Estimate | null, alone: Estimate | null): boolean {
    return ((alone ?? all)?.seconds ?? 0) <= this._budget;
  }

  private _now: ICircumstances = { isPaused: true, isAutomatic: false };
  private _budget = 0;
  /** Whether the budget has been tried. */
  private _hasTried = false;
  /** The request for the cost that `foresee` made. */
  private _asked: Promise<void> | null = null;
}
