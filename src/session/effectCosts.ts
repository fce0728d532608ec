import type { EffectsRequest, Estimate } from '../api';
import type { ComputationClient } from './computation';
import type { EffectLevel } from './effectLevel';
import type { EffectPlan } from './effectPlan';
import { effectsRequest, MORE_SAMPLES } from './effectSegments';
import type { IRun } from './run';

/** What a run's effects cost, as far as it was requested. */
export class EffectCosts {
  constructor(
    private readonly _client: Pick<ComputationClient, 'estimate'>,
    private readonly _run: IRun,
    private readonly _plan: EffectPlan
  ) {}

  /** Of all that is left; null: unknown, also once more sets are scored. */
  get rest(): Estimate | null {
    const { cost } = this;
    return cost && this._plan.restOf(cost);
  }

  /** Of deleting each sentence alone, which comes first; null: unknown, or something else comes first. */
  get alone(): Estimate | null {
    const { cost } = this;
    return cost && this._plan.aloneOf(cost);
  }

  /** Of the rest of the plan's level; before any set is scored, of what it measures. */
  get cost(): Estimate | null {
    const { level, progress } = this._plan;
    const key = progress === null ? FIRST : level && keyOf(level);
    return key !== null && this._last?.key === key ? this._last.cost : null;
  }

  /** Of deleting each sentence, where passages come first; null: unknown. */
  get instead(): Estimate | null {
    return this._plan.isLong && this._first
      ? this._plan.wholeOf(this._first)
      : null;
  }

  /** Of more random sets of a level; null: unknown. */
  more(level: EffectLevel): Estimate | null {
    return this._last?.key === keyOf(level, MORE_SAMPLES)
      ? this._last.cost
      : null;
  }

  /** Request the cost of what is left. */
  async ask(): Promise<void> {
    const { level, measured, progress } = this._plan;
    if (progress !== null) {
      await (level && this._ask(level.request(this._run), keyOf(level)));
    } else if (measured) {
      const request = { ...effectsRequest(this._run, measured), skip: 0 };
      this._first = await this._ask(request, FIRST);
    }
  }

  /** Request the cost of more random sets of a level. */
  async askMore(level: EffectLevel): Promise<void> {
    await this._ask(
      level.request(this._run, MORE_SAMPLES),
      keyOf(level, MORE_SAMPLES)
    );
  }

  private async _ask(
    request: EffectsRequest,
    key: string
  ): Promise<Estimate | null> {
    let cost: Estimate | null = null;
    try {
      cost = await this._client.estimate(request);
    } catch (reason) {
      // If starting fails for the same reason, the failure says so.
      console.warn('LIT Lab: no estimate', reason);
    }
    this._last = { key, cost };
    return cost;
  }

  /** The last answer, and what it is the cost of. */
  private _last: {
    readonly key: string;
    readonly cost: Estimate | null;
  } | null = null;
  /** The answer before any set was scored. */
  private _first: Estimate | null = null;
}

/** What was asked before any set was scored. */
const FIRST = 'first';

/** What is left of a level: another after each set. */
function keyOf(level: EffectLevel, samples = level.numSamples): string {
  return [level.index, level.numKnown, samples].join(':');
}
