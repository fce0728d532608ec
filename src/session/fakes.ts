/** Fakes for the specs: a client with scripted answers, and a source. */
import { Signal } from '@lumino/signaling';

import { ApiError } from '../api';
import type {
  CostlyRequest,
  Estimate,
  JobEvent,
  JobInfo,
  JobRequest,
  ModelsResponse,
  RunRecord,
  ServiceStatus,
  SetupStatus,
  Status,
  TokenCount,
  TokenCountRequest,
  TokensRequest,
  TokensResponse
} from '../api';
import { FakeJob } from './fakeJob';
import { fakeModel, tokens } from './fixtures';
import type { IProblem } from './problem';
import type { Session } from './session';
import type {
  IPromptEdit,
  IPromptSource,
  IPromptText,
  IShade,
  ISuggestion,
  Span
} from './source';

/** Let everything that is due happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

/** How long a test waits for a condition at most, in ms; only one that fails does. */
const PATIENCE = 120_000;

/** Wait until a condition holds, or no longer throws; timers go on meanwhile. */
export async function until(
  condition: () => boolean | void | Promise<boolean | void>
): Promise<void> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    try {
      if ((await condition()) !== false) {
        return;
      }
    } catch (reason) {
      if (Date.now() > end) {
        throw reason;
      }
    }
    if (Date.now() > end) {
      throw new Error(`Waited in vain: ${condition}`);
    }
    await new Promise(resolve => setTimeout(resolve, 5));
  }
}

/** A server extension that does as the spec says. */
export class FakeClient implements Session.Client {
  readonly jobs: FakeJob[] = [];
  /** What everything costs. */
  cost: Estimate | null = { passes: 40, seconds: 3 };
  /** What effects cost: by default too much to start without a click. */
  effectsCost: Estimate | null = { passes: 60, seconds: 1e6 };
  /** What an estimate was asked for, effects apart. */
  readonly estimated: CostlyRequest[] = [];
  /** Requests fail with this, if it is set. */
  failure: ApiError | null = null;
  started = 0;

  get last(): FakeJob {
    return this.jobs[this.jobs.length - 1];
  }

  async status(): Promise<Status> {
    return {
      version: '0.1.0',
      service: await this.startService(),
      default_model: 'demo',
      limits: { max_prompt_chars: 1000, max_new_tokens: 64 },
      history: { enabled: true, message: '', hint: '' },
      allowed: this.allowed,
      setup: this.setup
    };
  }

  async models(): Promise<ModelsResponse> {
    return {
      models: [fakeModel({ name: 'demo', state: 'ready', window: 512 })],
      found: [],
      known: [],
      memory: null
    };
  }

  async startService(): Promise<ServiceStatus> {
    this.started++;
    return {
      state: 'ready',
      detail: '',
      hint: '',
      error: '',
      since: 0,
      pid: 1,
      restarts: 0,
      version: '0.1.0',
      arithmetic: null,
      shared: false
    };
  }

  restartService(): Promise<ServiceStatus> {
    return this.startService();
  }

  /** What the server lets the user do. */
  allowed: Status['allowed'] = ['read', 'write', 'execute'];

  /** How far the service's environment is. */
  setup: SetupStatus | null = null;

  setUpService(): Promise<SetupStatus> {
    return this._set('running');
  }

  stopSetup(): Promise<SetupStatus> {
    return this._set('stopped');
  }

  private async _set(state: SetupStatus['state']): Promise<SetupStatus> {
    if (!this.setup) {
      throw new ApiError(
        { error: 'setup_not_ours', message: 'no', hint: '' },
        409
      );
    }
    this.setup = { ...this.setup, state };
    return this.setup;
  }

  async log(): Promise<string[]> {
    return [];
  }

  /** The history, by id. */
  readonly kept = new Map<string, RunRecord>();

  async run(id: string): Promise<RunRecord> {
    const run = this.kept.get(id);
    if (!run) {
      throw new ApiError(
        { error: 'unknown_run', message: 'gone', hint: '' },
        404
      );
    }
    return run;
  }

  /** Texts that were tokenized. */
  readonly tokenized: string[] = [];

  async tokens(request: TokensRequest): Promise<TokensResponse> {
    if (this.failure) {
      throw this.failure;
    }
    this.tokenized.push(request.answer ?? '');
    return {
      model: request.model,
      prompt: [],
      answer: tokens(request.answer ?? ''),
      turn_spans: [],
      window: 512
    };
  }

  /** What was counted. */
  readonly counted: TokenCountRequest[] = [];

  async countTokens(request: TokenCountRequest): Promise<TokenCount> {
    this.counted.push(request);
    if (this.failure) {
      throw this.failure;
    }
    return {
      model: request.model,
      tokens: 1 + tokens(request.prompt ?? '').length,
      chat: request.chat === 'on' ? 'wrapped' : 'plain',
      window: 512
    };
  }

  async estimate(request: CostlyRequest): Promise<Estimate | null> {
    if (request.kind === 'effects') {
      return this.effectsCost;
    }
    this.estimated.push(request);
    return this.cost;
  }

  async startJob(request: JobRequest): Promise<JobInfo> {
    if (this.failure) {
      throw this.failure;
    }
    const job = new FakeJob(`job-${this.jobs.length}`, request);
    this.jobs.push(job);
    return this._info(job);
  }

  events(id: string): AsyncIterable<JobEvent> {
    return this._find(id).events();
  }

  async cancelJob(id: string): Promise<JobInfo> {
    const job = this._find(id);
    job.isCancelled = true;
    job.send({ event: 'cancelled' });
    return this._info(job);
  }

  private _find(id: string): FakeJob {
    const job = this.jobs.find(j => j.id === id);
    if (!job) {
      throw new ApiError(
        { error: 'job_not_found', message: 'gone', hint: '' },
        404
      );
    }
    return job;
  }

  private _info(job: FakeJob): JobInfo {
    const { kind = 'generate' } = job.request;
    return { id: job.id, kind, state: 'running', created: 0 };
  }
}

/** A source that notes what is painted. */
export class FakeSource implements IPromptSource {
  constructor(value: string, fields: IPromptText['fields'] = []) {
    this.text = { kind: 'f-string', value, map: [], fields };
  }

  readonly document = 'a/prompts.ipynb';
  place: readonly string[] = ['cell 2', 'f-string'];
  readonly changed = new Signal<this, void>(this);
  link: IPromptSource['link'] = { path: 'a/prompts.ipynb' };
  text: IPromptText | null;
  suggestions: Record<string, ISuggestion> = {};
  painted: readonly IShade[] | null = null;
  paintedPrompt = '';
  isDisposed = false;

  /** The cell was edited. */
  become(value: string | null): void {
    this.text = value === null ? null : { ...this.text!, value };
    this.changed.emit();
  }

  /** An edit that `text` doesn't show yet. */
  pending: string | null = null;

  async settled(): Promise<void> {
    if (this.pending !== null) {
      this.become(this.pending);
      this.pending = null;
    }
  }

  /** Why an edit can't be written there; null: it is written. */
  refusal: IProblem | null = null;
  /** The edits that were to be written. */
  readonly edits: IPromptEdit[] = [];

  async apply(edit: IPromptEdit): Promise<IProblem | null> {
    this.edits.push(edit);
    if (this.refusal === null) {
      this.become(edit.prompt);
    }
    return this.refusal;
  }

  dispose(): void {
    this.isDisposed = true;
  }

  reveal(): void {
    // Nowhere to go.
  }

  /** What its document was scrolled to. */
  readonly shown: string[] = [];

  show(
    prompt: string,
    values: Readonly<Record<string, string>>,
    span: Span
  ): void {
    this.shown.push(prompt.slice(...span));
  }

  paint(
    prompt: string,
    values: Readonly<Record<string, string>>,
    shades: readonly IShade[] | null
  ): void {
    this.paintedPrompt = prompt;
    this.painted = shades;
  }
}
