import type { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';

import { ApiError, isAbort } from '../api';
import type {
  ApiClient,
  FoundModel,
  KnownModel,
  MemoryStatus,
  ModelInfo,
  ModelsResponse,
  ServiceStatus,
  SetupStatus,
  Status
} from '../api';
import { Model } from './model';
import { problemOf } from './problem';
import type { IProblem } from './problem';

/** What this model needs from the client. */
export type ServiceClient = Pick<
  ApiClient,
  | 'status'
  | 'models'
  | 'startService'
  | 'restartService'
  | 'setUpService'
  | 'stopSetup'
  | 'log'
>;

/** Milliseconds between two requests for the state: while something changes, and at other times. */
const BUSY = { interval: 1000, backoff: true, max: 10_000 };
const CALM = { interval: 12_000, backoff: true, max: 60_000 };

/**
 * State of the model service and its models.
 *
 * Requests the state only while the panel is visible: every second while something
 * changes, and now and then at other times, because a service can die, or be stopped,
 * while it isn't used.
 */
export class ServiceModel extends Model {
  constructor(client: ServiceClient, trans: TranslationBundle) {
    super();
    this._client = client;
    this._trans = trans;
    this._poll = new Poll({
      name: 'lit-lab:status',
      auto: false,
      frequency: CALM,
      standby: 'when-hidden',
      factory: () => this.refresh()
    });
  }

  /** The server's last answer; null before the first. */
  get status(): Status | null {
    return this._status;
  }

  /** State of the model service; null before the server's first answer. */
  get service(): ServiceStatus | null {
    return this._status?.service ?? null;
  }

  /** Whether the server only lets this user read; false until it is known. */
  get isReadOnly(): boolean {
    return this._status !== null && !this._status.allowed.includes('execute');
  }

  /** The set-up of the service's environment; null if there is nothing to set up. */
  get setup(): SetupStatus | null {
    return this._status?.setup ?? null;
  }

  /** Configured models, the default first; empty until they are known. */
  get models(): readonly ModelInfo[] {
    return this._models;
  }

  /** Models on the disk that aren't in the list; empty until they are known. */
  get found(): readonly FoundModel[] {
    return this._found;
  }

  /** Recommended models that aren't in the list; empty until they are known. */
  get known(): readonly KnownModel[] {
    return this._known;
  }

  /** Memory of the device that computes; null until it is known. */
  get memory(): MemoryStatus | null {
    return this._memory;
  }

  /** Take the server's answer to a change of the models. */
  take(answer: ModelsResponse): void {
    this._keep(answer);
    this._pace();
    this._emit();
  }

  /** Why the server extension can't be used, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether something starts, loads or downloads. */
  get isBusy(): boolean {
    return (
      this.service?.state === 'starting' ||
      this.setup?.state === 'running' ||
      this._models.some(
        model => model.state === 'loading' || model.state === 'downloading'
      )
    );
  }

  protected release(): void {
    this._poll.dispose();
  }

  /**
   * Set whether the panel is visible, and whether a job runs: both decide how often
   * to request the state, if at all.
   */
  watch(visible: boolean, working: boolean): void {
    const seen = visible && !this._visible;
    const turned = working !== this._working && (visible || !working);
    this._visible = visible;
    this._working = working;
    if (seen || turned) {
      void this.refresh();
    }
    this._pace();
  }

  /** Request the state once. Never rejects: a failure becomes the problem. */
  async refresh(): Promise<void> {
    try {
      this._status = await this._client.status();
      this._problem = null;
      // Models load after the service has started, so request them each time.
      this._keep(await this._client.models());
    } catch (reason) {
      // A dying service leaves requests open; the next state reports it.
      const isDying = reason instanceof ApiError && reason.status === 502;
      if (!isDying || this.service?.state !== 'ready') {
        this._fail(reason);
      }
    }
    this._pace();
    this._emit();
  }

  /** Start the service, so that it warms up while the user reads. */
  async warm(): Promise<void> {
    if (!this.isReadOnly) {
      await this._send(() => this._client.startService());
    }
  }

  /** Stop the service and start it again. */
  restart(): Promise<void> {
    return this._send(() => this._client.restartService());
  }

  /** Set up an environment for the service, or continue to. */
  setUp(): Promise<void> {
    return this._change(() => this._client.setUpService());
  }

  /** Stop the set-up. */
  stopSetup(): Promise<void> {
    return this._change(() => this._client.stopSetup());
  }

  /** The last lines of the service's log. */
  log(): Promise<string[]> {
    return this._client.log();
  }

  private async _send(request: () => Promise<ServiceStatus>): Promise<void> {
    try {
      const service = await request();
      this._problem = null;
      if (this._status) {
        this._status = { ...this._status, service };
      }
      this._emit();
    } catch (reason) {
      this._fail(reason);
      this._emit();
      return;
    }
    await this.refresh();
  }

  private async _change(request: () => Promise<SetupStatus>): Promise<void> {
    try {
      const setup = await request();
      this._problem = null;
      if (this._status) {
        this._status = { ...this._status, setup };
      }
    } catch (reason) {
      this._fail(reason);
    }
    this._pace();
    this._emit();
  }

  private _keep({ models, found, known, memory }: ModelsResponse): void {
    this._models = models;
    this._found = found;
    this._known = known;
    this._memory = memory;
  }

  private _fail(reason: unknown): void {
    if (!isAbort(reason)) {
      this._problem = problemOf(reason, this._trans);
    }
  }

  private _pace(): void {
    if (this.isDisposed) {
      return;
    }
    const pace = !this._visible
      ? null
      : this._working || this.isBusy
        ? BUSY
        : CALM;
    if (pace === this._paceNow) {
      return;
    }
    this._paceNow = pace;
    if (pace === null) {
      void this._poll.stop();
      return;
    }
    this._poll.frequency = pace;
    void this._poll.schedule({ interval: pace.interval });
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: ServiceClient;
  private readonly _trans: TranslationBundle;
  private readonly _poll: Poll;
  private _status: Status | null = null;
  private _models: readonly ModelInfo[] = [];
  private _found: readonly FoundModel[] = [];
  private _known: readonly KnownModel[] = [];
  private _memory: MemoryStatus | null = null;
  private _problem: IProblem | null = null;
  private _visible = false;
  private _working = false;
  private _paceNow: typeof BUSY | null = null;
}
