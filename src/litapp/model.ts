import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError, isAbort } from '../api';
import type { ApiClient, ChatMode, LitCall } from '../api';
import { Model } from '../session/model';
import { describe, problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import type { IBridgeAnswer, IBridgeEnd } from './bridge';
import { followLink } from './links';

/** What this model needs from the client. */
export type LitClient = Pick<
  ApiClient,
  | 'status'
  | 'restartService'
  | 'startJob'
  | 'cancelJob'
  | 'events'
  | 'callLit'
  | 'litFile'
>;

/** LIT's progress: `asleep` until somebody opens it. */
export type LitPhase = 'asleep' | 'starting' | 'ready' | 'failed';

/** LIT in one tab: starting, answering its page, or failing. */
export class LitAppModel extends Model implements IBridgeEnd {
  constructor(options: LitAppModel.IOptions) {
    super();
    this._options = options;
    this._query = options.query;
  }

  /** The model that LIT was opened with. */
  get model(): string {
    return this._options.model;
  }

  get phase(): LitPhase {
    return this._phase;
  }

  /** What it waits for. */
  get message(): string {
    return this._message;
  }

  /** When the wait started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** The problem, or null. If LIT's page is shown, it stays. */
  get problem(): IProblem | null {
    return this._problem;
  }

  get program(): string | null {
    return this._program;
  }

  get query(): string {
    return this._query;
  }

  /** Whether LIT's page has shown anything. */
  get isShown(): boolean {
    return this._isShown;
  }

  protected release(): void {
    this._opening?.abort();
  }

  /** Open LIT if the model service is awake: a restored tab must not wake it. */
  async resume(): Promise<void> {
    try {
      const { service } = await this._options.client.status();
      if (service.state === 'ready' || service.state === 'starting') {
        await this.open();
      }
    } catch (reason) {
      this._fail(problemOf(reason, this._options.trans));
    }
  }

  /** Start LIT. Settles when it is ready, or has failed; never rejects. */
  async open(): Promise<void> {
    if (this._opening) {
      return;
    }
    const { client, model, maxNewTokens, chat, trans } = this._options;
    const opening = new AbortController();
    this._opening = opening;
    this._phase = 'starting';
    this._problem = null;
    this._since = Date.now();
    this._tell(trans.__('Starting LIT…'));
    let job = '';
    try {
      const max_new_tokens = await maxNewTokens();
      const request = {
        kind: 'lit_app' as const,
        model,
        max_new_tokens,
        chat: chat()
      };
      job = (await client.startJob(request)).id;
      for await (const event of client.events(job, 0, opening.signal)) {
        if (event.event === 'state' || event.event === 'restarted') {
          this._tell(event.message);
        } else if (event.event === 'error') {
          endIf(opening.signal.aborted);
          this._fail(describe(event));
          return;
        }
      }
      endIf(opening.signal.aborted);
      this._program ??= new TextDecoder().decode(
        await client.litFile('main.js', opening.signal)
      );
      this._phase = 'ready';
    } catch (reason) {
      // Late answers to a cancelled start are ignored.
      if (isAbort(reason) || opening.signal.aborted) {
        this._phase = 'asleep';
        if (job) {
          client.cancelJob(job).catch(() => undefined); // it may have ended
        }
      } else {
        this._fail(problemOf(reason, trans));
      }
    } finally {
      this._opening = null;
      this._emit();
    }
  }

  /** Stop waiting. */
  stop(): void {
    this._opening?.abort();
  }

  /** Stop the model service, and open LIT again. */
  async restart(): Promise<void> {
    try {
      await this._options.client.restartService();
    } catch (reason) {
      this._fail(problemOf(reason, this._options.trans));
      return;
    }
    await this.open();
  }

  /** LIT's page did not load. */
  miss(): void {
    const { trans } = this._options;
    this._fail({
      message: trans.__('LIT’s page did not load.'),
      hint: trans.__(
        'You may be signed out, or the browser blocks cookies in frames: reload the page and sign in again.'
      ),
      remedies: ['retry', 'reload']
    });
  }

  /** LIT's page is no longer in its frame. */
  leave(): void {
    const { trans } = this._options;
    this._isShown = false;
    this._fail({
      message: trans.__(
        'LIT was closed because its page tried to open another one.'
      ),
      hint: trans.__(
        'LIT Lab doesn’t let LIT’s page open other pages, so that no prompt can leave with it. Retry opens LIT again.'
      ),
      remedies: ['retry']
    });
  }

  follow(link: string): void {
    followLink(link, this._options.trans);
  }

  async call(call: LitCall, signal: AbortSignal): Promise<IBridgeAnswer> {
    try {
      const text = await this._options.client.callLit(call, signal);
      this._isShown ||= call.endpoint === 'get_info';
      return { status: 200, text };
    } catch (reason) {
      const { message, hint } = problemOf(reason, this._options.trans);
      if (isServices(reason)) {
        this._fail(problemOf(reason, this._options.trans));
      }
      // LIT shows the text before its word, and the rest on demand.
      return {
        status: 500,
        text: `${message}\n\nDetails: ${hint}`
      };
    }
  }

  async image(
    name: string,
    signal: AbortSignal
  ): Promise<{ content: ArrayBuffer; type: string } | null> {
    const kind = /\.(gif|png|svg)$/.exec(name)?.[1];
    if (!kind) {
      return null;
    }
    try {
      const content = await this._options.client.litFile(name, signal);
      return {
        content,
        type: kind === 'svg' ? 'image/svg+xml' : `image/${kind}`
      };
    } catch {
      return null; // LIT works without its images
    }
  }

  remember(query: string): void {
    this._query = query;
    this._emit();
  }

  private _tell(message: string): void {
    this._message = message;
    this._emit();
  }

  private _fail(problem: IProblem): void {
    this._phase = 'failed';
    this._problem = problem;
    this._emit();
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _options: LitAppModel.IOptions;
  private _query: string;
  private _phase: LitPhase = 'asleep';
  private _message = '';
  private _since = 0;
  private _problem: IProblem | null = null;
  private _program: string | null = null;
  private _isShown = false;
  private _opening: AbortController | null = null;
}

/** Throw what an aborted request throws, if nobody waits any more. */
function endIf(isAborted: boolean): void {
  if (isAborted) {
    throw new DOMException('Stopped', 'AbortError');
  }
}

/** Whether the failure isn't LIT's but the service's: shown beside LIT, with what to do. */
function isServices(reason: unknown): boolean {
  return (
    reason instanceof ApiError &&
    (reason.error === 'lit_not_open' ||
      reason.error === 'network' ||
      reason.error === 'forbidden' ||
      reason.error.startsWith('service'))
  );
}

/** Namespace for the model's options. */
export namespace LitAppModel {
  /** How to open LIT. */
  export interface IOptions {
    client: LitClient;
    trans: TranslationBundle;
    model: string;
    /** LIT's state, as in its address. */
    query: string;
    /** The most tokens that an answer may have. */
    maxNewTokens: () => Promise<number>;
    /** Whether prompts are put into their model's chat format. */
    chat: () => ChatMode;
  }
}
