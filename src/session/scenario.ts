/** A session over fakes with an open prompt, for specs. */
import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { FakeClient, FakeSource, settle } from './fakes';
import type { FakeJob } from './fakeJob';
import { Session } from './session';
import type { ISettings } from './settings';

export const PROMPT = 'Be brief. Be kind.\nSuggestion: soup\nAnalysis:';
export const ANSWER =
  ' It has onions. You may like it.\nRecommendation: Avoid.';

/** What a request is answered with when the model service has ended. */
export const DEAD = new ApiError({
  error: 'service_died',
  message: 'The model service ended.',
  hint: 'Restart it.'
});

export class Scenario {
  static async begin(prompt = PROMPT): Promise<Scenario> {
    const scenario = new Scenario(prompt);
    await scenario.session.service.refresh();
    scenario.session.open(scenario.source);
    await settle();
    return scenario;
  }

  constructor(prompt = PROMPT) {
    this.source = new FakeSource(prompt);
  }

  readonly client = new FakeClient();
  readonly session = new Session(this.client, nullTranslator.load('lit_lab'));
  readonly source: FakeSource;

  /** Run to the end; returns the automatic salience job that follows. */
  async answered(): Promise<FakeJob> {
    const running = this.session.runs.generate();
    await settle();
    this.client.last.answer(this.session.prompt.value, ANSWER);
    await running;
    await settle();
    return this.client.last;
  }

  /** Run to the end, with the automatic maps that follow. */
  async mapped(): Promise<void> {
    const job = await this.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
  }

  /**
   * The session of the page after a reload, which the caller disposes of.
   *
   * @param settings - other ones than before the reload.
   * @param save - what the page before stored.
   * @param begin - what the page does with its session first.
   */
  async reloaded(
    settings: Partial<ISettings> = {},
    save: unknown = this.session.save(),
    begin: (session: Session) => void = () => undefined
  ): Promise<Session> {
    const saved = JSON.parse(JSON.stringify(save));
    const next = new Session(this.client, nullTranslator.load('lit_lab'));
    begin(next);
    next.settings = { ...this.session.settings, ...settings };
    await next.service.refresh();
    const restored = next.restore(saved);
    // Jobs of the page before are followed one after the other.
    for (let i = 0; i < 9; i++) {
      await settle();
    }
    await restored;
    return next;
  }

  /** The characters of the target. */
  target(): string {
    const [start, end] = this.session.explanation.target!;
    return this.session.explanation
      .text!.tokens.slice(start, end)
      .map(t => t.text)
      .join('');
  }

  /** Index of the answer's nth token. */
  token(n: number): number {
    return this.session.explanation.text!.seam + n;
  }
}
