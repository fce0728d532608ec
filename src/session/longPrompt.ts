/** A run of a long prompt, with its effects, for specs. */
import type { EffectsRequest } from '../api';
import { sendEffects } from './effectFakes';
import { FakeSource, settle } from './fakes';
import type { FakeJob } from './fakeJob';
import { Scenario } from './scenario';

/** Twelve paragraphs of six sentences. */
export const LONG = Array.from({ length: 12 }, (_, p) =>
  Array.from({ length: 6 }, (_, s) => `Part ${p} has ${s}.`).join(' ')
).join('\n\n');

/** Costs of the paragraphs: the third and the eighth matter. */
export const PARAGRAPHS = [0.001, 0.001, 0.9, 0.001, 0.001, 0, 0, 0.3];

/** Costs of their sentences. */
export const SENTENCES = [0, 0.7, 0, 0.1, 0, 0, 0, 0, 0.3];

/** Runs long prompts, whose effects take more than the budget. */
export class LongPrompt {
  static async begin(given?: Scenario): Promise<LongPrompt> {
    const scenario = given ?? (await Scenario.begin());
    const { client, session } = scenario;
    const status = await client.status();
    const limits = { max_prompt_chars: 100_000, max_new_tokens: 64 };
    client.status = async () => ({ ...status, limits });
    await session.service.refresh();
    // 72 sentences, and two of the answer.
    client.effectsCost = { passes: 123, seconds: 60 };
    session.settings = { ...session.settings, effectsSeconds: 50 };
    return new LongPrompt(scenario);
  }

  private constructor(readonly scenario: Scenario) {}

  /** The effects of the run. */
  get effects() {
    return this.scenario.session.explanation.effects!;
  }

  /** What the last job computes. */
  get asked(): EffectsRequest {
    return this.scenario.client.last.request as EffectsRequest;
  }

  /** Run a prompt, and compute its first maps. */
  async mapped(prompt = LONG): Promise<void> {
    this.scenario.session.open(new FakeSource(prompt));
    await settle();
    await this.scenario.mapped();
  }

  /** Compute all effects of a run, and make a sentence of the answer the target. */
  async computed(
    paragraphs: readonly number[] = PARAGRAPHS,
    sentences: readonly number[] = SENTENCES
  ): Promise<void> {
    await this.mapped();
    await this.finish(paragraphs);
    await this.finish(sentences);
    const { scenario } = this;
    scenario.session.explanation.pickSegment(scenario.token(8));
  }

  /** Finish the last job, after some sets. */
  async finish(
    costs: readonly number[],
    count?: number,
    together?: number
  ): Promise<void> {
    const job: FakeJob = this.scenario.client.last;
    sendEffects(job, costs, count, together);
    job.send({ event: 'done', seconds: 1 });
    await settle();
  }
}
