/** A run of a short prompt, with its effects, for specs. */
import type { EffectsRequest } from '../api';
import { sendEffects } from './effectFakes';
import type { FakeJob } from './fakeJob';
import { settle } from './fakes';
import { Scenario } from './scenario';

/** Costs of the prompt's sentences; the second matters most, the third is against. */
export const COSTS = [0.01, 1.5, -0.4, 0.2, 0, 0];

/** Four sentences of the prompt, two of the answer; and without any. */
export const NUM_ONES = 7;

/** Runs a short prompt, whose effects the budget covers. */
export class ShortPrompt {
  static async begin(): Promise<ShortPrompt> {
    const scenario = await Scenario.begin();
    scenario.client.effectsCost = { passes: 55, seconds: 4 };
    return new ShortPrompt(scenario);
  }

  private constructor(readonly scenario: Scenario) {}

  /** The effects of the run. */
  get effects() {
    return this.scenario.session.explanation.effects!;
  }

  /** The jobs that compute, or have computed, effects. */
  get jobs(): FakeJob[] {
    const { jobs } = this.scenario.client;
    return jobs.filter(({ request }) => request.kind === 'effects');
  }

  /** Finish a job, after some sets. */
  async finish(job: FakeJob, count?: number): Promise<void> {
    sendEffects(job, COSTS, count);
    job.send({ event: 'done', seconds: 1 });
    await settle();
  }
}

/** What a job computes. */
export function requestOf(job: FakeJob): EffectsRequest {
  return job.request as EffectsRequest;
}
