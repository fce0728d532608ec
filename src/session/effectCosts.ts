import type { EffectsRequest, Estimate } from '../api';
import type { ComputationClient } from './computation';
import type { EffectLevel } from './effectLevel';
import type { EffectPlan } from './effectPlan';
import { effectsRequest, MORE_SAMPLES } from './effectSegments';
import type { IRun } from './run';

/** The estimated costs of a run's effects. */
export class EffectCosts {
  constructor(
    private readonly _client: Pick<ComputationClient, 'estimate'>,
    private readonly _run: IRun,
    private readonly _plan: EffectPlan
  ) {}

  /** The cost of everything that is left; null if unknown, which it is again when more sets are scored. */
  get rest(): Estimate | null {
    const { cost } = this;
    return cost && this._plan.restOf(cost);
  }

  /** The cost of deleting each sentence alone, which comes first; null: unknown, or something else comes first. */
  get alone(): Estimate | null {
    const { cost } = this;
    return cost && this._plan.aloneOf(cost);
  }

  /** The cost of the rest of the plan's level; before any set is scored, of the plan's `measured`. */
  get cost(): Estimate | null {
    const { level, progress } = this._plan;
    const key = progress === null ? FIRST : level && keyOf(level);
    return key !== null && this._last?.key === key ? this._last.cost : null;
  }

  /** The cost of deleting each sentence, if passages come first; null if unknown. */
  get perSentence(): Estimate | null {
    return this._plan.isLong && this._first
      ? this._plan.wholeOf(this._first)
      : null;
  }

  /** The cost of more random sets of a level; null if unknown. */
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

  /** The last estimate, and what it is for. */
  private _last: {
    readonly key: string;
    readonly cost: Estimate | null;
  } | null = null;
  /** The estimate from before any set was scored. */
  private _first: Estimate | null = null;
}

/** Identifies the estimate from before any set was scored. */
const FIRST = 'first';

/** Identifies the rest of a level, which changes with each scored set. */
function keyOf(level: EffectLevel, samples = level.numSamples): string {
  return [level.index, level.numKnown, samples].join(':');
}
