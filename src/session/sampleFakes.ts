/** A session that asks for three samples, and the pages that follow it, for specs. */
import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, FakeSource, settle } from './fakes';
import type { FakeJob } from './fakeJob';
import { recordOf } from './run';
import type { ISavedSession } from './saved';
import { Session } from './session';
import { DEFAULT_SETTINGS } from './settings';

const PROMPT = 'Be brief. Be kind.';

export class SamplePages {
  static async begin(): Promise<SamplePages> {
    const pages = new SamplePages();
    await pages._prepare();
    pages.session.open(pages.source());
    await settle();
    return pages;
  }

  readonly client = new FakeClient();

  /** The first page's. */
  readonly session = new Session(this.client, nullTranslator.load('lit_lab'));

  /** The prompt, anew. */
  source(): FakeSource {
    return new FakeSource(PROMPT);
  }

  /** The next page, where the first one was reloaded. */
  async reloaded(): Promise<Session> {
    const state = JSON.parse(
      JSON.stringify(this.session.save())
    ) as ISavedSession;
    this.session.dispose(); // As the page goes; its jobs go on.
    this._next = new Session(this.client, nullTranslator.load('lit_lab'));
    await this._prepare(this._next);
    void this._next.restore(state);
    await settle();
    return this._next;
  }

  /** Jobs of one kind. */
  jobs(kind: FakeJob['request']['kind']): FakeJob[] {
    return this.client.jobs.filter(job => job.request.kind === kind);
  }

  /** The seeds of the samples that were asked for. */
  seeds(): unknown[] {
    return this.jobs('generate').map(
      ({ request }) => request.kind === 'generate' && request.sampling?.seed
    );
  }

  /** Let the sample that is awaited begin. */
  begun(text: string): void {
    this.client.last.prompt(PROMPT);
    this.client.last.send({
      event: 'token',
      token: {
        id: 1,
        piece: text.trim(),
        text,
        kind: 'text',
        logprob: -1
      } as never
    });
  }

  /** Let the sample that is awaited be answered. */
  async answer(text: string): Promise<void> {
    this.client.last.answer(PROMPT, text);
    await settle();
  }

  /** Let the sample that is awaited fail. */
  fail(): void {
    this.client.last.send({
      event: 'error',
      status: 500,
      error: 'e',
      message: 'No.',
      hint: ''
    });
  }

  /** Run to the end. */
  async all(...answers: string[]): Promise<void> {
    const running = this.session.runs.generate();
    await settle();
    for (const text of answers) {
      await this.answer(text);
    }
    await running;
    await settle();
  }

  /** Put what was generated into the history. */
  keep(): void {
    this.session.runs.samples.runs.forEach(
      run => run && this.client.kept.set(run.jobId!, recordOf(run, []))
    );
  }

  dispose(): void {
    this.session.dispose();
    this._next?.dispose();
  }

  private async _prepare(session = this.session): Promise<void> {
    await session.service.refresh();
    session.settings = {
      ...DEFAULT_SETTINGS,
      temperature: 0.8,
      seed: 5,
      samples: 3
    };
  }

  private _next: Session | null = null;
}
