import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';

import {
  ApiError,
  damagedError,
  networkError,
  thrownError,
  versionError
} from './errors';
import { EVENT_TIMING, followJob, signalled } from './events';
import type { IEventTiming } from './events';
import type { components } from './schema';
import type {
  CostlyRequest,
  DatasetEdit,
  DatasetEdited,
  DatasetFullRow,
  DatasetInfo,
  DatasetOpening,
  DatasetPage,
  DatasetSearch,
  DatasetState,
  Estimate,
  JobEvent,
  JobInfo,
  JobRequest,
  KaggleLogin,
  KaggleStatus,
  LitCall,
  LitEvent,
  ModelChange,
  ModelsResponse,
  ServiceStatus,
  SetupStatus,
  Status,
  TokenCount,
  TokenCountRequest,
  TokensRequest,
  TokensResponse,
  RunChange,
  RunInfo,
  RunRecord,
  RunsRequest,
  RunsResponse
} from './types';
import { readLines, SilenceError } from './ndjson';
import { checkRun } from './record';
import { Transport } from './transport';
import { VERSION } from './version';

type Schemas = components['schemas'];

/**
 * The typed client of the server extension.
 *
 * Every method rejects with an {@link ApiError}, whose message and hint the interface
 * shows in place, or with an `AbortError` when its signal is aborted.
 */
export class ApiClient {
  constructor(options: ApiClient.IOptions = {}) {
    this._trans = (options.translator ?? nullTranslator).load('lit_lab');
    this._http = new Transport(
      options.serverSettings ?? ServerConnection.makeSettings(),
      this._trans
    );
    this._timing = { ...EVENT_TIMING, ...options.timing };
  }

  /**
   * State of server extension and model service; never starts the service.
   *
   * @throws ApiError `version_mismatch` if this page has another version.
   */
  async status(signal?: AbortSignal): Promise<Status> {
    const status = await this._http.json<Status>('GET', ['status'], { signal });
    if (status.version !== VERSION) {
      throw versionError(this._trans, VERSION, status.version);
    }
    return status;
  }

  /** Start the model service; `status` reports the progress. */
  startService(): Promise<ServiceStatus> {
    return this._http.json('POST', ['service', 'start']);
  }

  /** Stop the model service and start it again. Running jobs fail. */
  restartService(): Promise<ServiceStatus> {
    return this._http.json('POST', ['service', 'restart']);
  }

  /** Set up an environment for the service, or continue to; `status` reports the progress. */
  setUpService(): Promise<SetupStatus> {
    return this._http.json('POST', ['service', 'setup']);
  }

  /** Stop the set-up; what is installed stays. */
  stopSetup(): Promise<SetupStatus> {
    return this._http.json('DELETE', ['service', 'setup']);
  }

  /** The last lines of the model service's log. */
  async log(): Promise<string[]> {
    const path = ['service', 'log'];
    return (await this._http.json<Schemas['LogResponse']>('GET', path)).lines;
  }

  /** All models, the default first; never starts the service. */
  models(): Promise<ModelsResponse> {
    return this._http.json('GET', ['models']);
  }

  /** Change the models, or start to; loading and downloading then continue. */
  changeModel(change: ModelChange): Promise<ModelsResponse> {
    const body: Schemas['ModelChanging'] = { change };
    return this._http.json('POST', ['models', 'change'], { body });
  }

  /** Whether there are credentials for Kaggle; never the credentials. */
  kaggle(): Promise<KaggleStatus> {
    return this._http.json('GET', ['kaggle']);
  }

  /** Use credentials for Kaggle. */
  logInToKaggle(
    login: Partial<KaggleLogin>,
    save: boolean
  ): Promise<KaggleStatus> {
    return this._http.json('POST', ['kaggle'], { body: { login, save } });
  }

  /** Forget the credentials for Kaggle that a user entered here. */
  logOutOfKaggle(): Promise<KaggleStatus> {
    return this._http.json('DELETE', ['kaggle']);
  }

  /** Tokens of a prompt and an answer; starts the service and waits for it. */
  tokens(
    request: TokensRequest,
    signal?: AbortSignal
  ): Promise<TokensResponse> {
    return this._http.json('POST', ['tokens'], { body: request, signal });
  }

  /** How many tokens a prompt has; neither starts the service nor loads a model. */
  countTokens(
    request: TokenCountRequest,
    signal?: AbortSignal
  ): Promise<TokenCount> {
    return this._http.json('POST', ['tokens', 'count'], {
      body: request,
      signal
    });
  }

  /** Datasets that can be opened by name; never starts the service. */
  async datasets(signal?: AbortSignal): Promise<DatasetInfo[]> {
    const path = ['datasets'];
    return (
      await this._http.json<Schemas['DatasetsResponse']>('GET', path, {
        signal
      })
    ).datasets;
  }

  /** Open a dataset; `dataset` reports the progress of reading. */
  openDataset(
    opening: DatasetOpening,
    signal?: AbortSignal
  ): Promise<DatasetState> {
    return this._http.json('POST', ['datasets', 'open'], {
      body: opening,
      signal
    });
  }

  /** An open dataset. */
  dataset(id: string, signal?: AbortSignal): Promise<DatasetState> {
    return this._http.json('GET', ['datasets', id], { signal });
  }

  /** Close a dataset; this loses unsaved changes. */
  async closeDataset(id: string): Promise<void> {
    await this._http.json('DELETE', ['datasets', id]);
  }

  /** Some rows of an open dataset. */
  datasetRows(
    id: string,
    search: DatasetSearch,
    signal?: AbortSignal
  ): Promise<DatasetPage> {
    const path = ['datasets', id, 'search'];
    return this._http.json('POST', path, { body: search, signal });
  }

  /** A row of an open dataset with all its columns. */
  datasetRow(
    id: string,
    row: number,
    signal?: AbortSignal
  ): Promise<DatasetFullRow> {
    const path = ['datasets', id, 'rows', String(row)];
    return this._http.json('GET', path, { signal });
  }

  /** Change a dataset, but not its file. */
  editDataset(id: string, edit: DatasetEdit): Promise<DatasetEdited> {
    const body: Schemas['DatasetEditing'] = { edit };
    return this._http.json('POST', ['datasets', id, 'edit'], { body });
  }

  /** Save a dataset as JSON Lines; `DatasetSaving` says what this may overwrite. */
  saveDataset(
    id: string,
    path: string,
    overwrite: boolean,
    discard: boolean
  ): Promise<DatasetState> {
    const body: Schemas['DatasetSaving'] = { path, overwrite, discard };
    return this._http.json('POST', ['datasets', id, 'save'], { body });
  }

  /** Characters that Python's `\N{…}` names; unknown names are left out. */
  async unicodeNames(names: readonly string[]): Promise<Map<string, string>> {
    const body: Schemas['UnicodeNamesRequest'] = { names: [...names] };
    const found = await this._http.json<Schemas['UnicodeNamesResponse']>(
      'POST',
      ['unicode', 'names'],
      { body }
    );
    return new Map(Object.entries(found.characters));
  }

  /**
   * The cost of a job; null while the service is stopped, since an estimate must
   * not start it.
   */
  async estimate(
    request: CostlyRequest,
    signal?: AbortSignal
  ): Promise<Estimate | null> {
    const body: Schemas['EstimateRequest'] = { request };
    try {
      return await this._http.json('POST', ['estimate'], { body, signal });
    } catch (reason) {
      if (isStopped(reason)) {
        return null;
      }
      throw reason;
    }
  }

  /** Start a job; it continues when the page closes. */
  startJob(request: JobRequest): Promise<JobInfo> {
    return this._http.json('POST', ['jobs'], { body: request });
  }

  /** Stop a job. Its events end with `cancelled`, unless it ended before. */
  cancelJob(id: string): Promise<JobInfo> {
    return this._http.json('DELETE', ['jobs', id]);
  }

  /**
   * A job's events from a number on, until `done`, `error` or `cancelled`.
   *
   * Reconnects when the connection is lost, without losing or repeating an event,
   * and reports that with its own `state` event. Heartbeats are left out. Leaving
   * the loop closes the connection; the job continues.
   */
  events(id: string, from = 0, signal?: AbortSignal): AsyncIterable<JobEvent> {
    const open = async (next: number) => {
      const query = URLExt.objectToQueryString({ from: next });
      const path = ['jobs', id, 'events'];
      const response = await this._http.request('GET', path, { query, signal });
      if (!response.body) {
        throw new ApiError({
          error: 'no_stream',
          message: this._trans.__('This browser cannot read a stream.'),
          hint: this._trans.__('Use a current browser.')
        });
      }
      return response.body;
    };
    return followJob(open, from, this._trans, this._timing, signal);
  }

  /** Runs of the history, newest first. */
  runs(request: RunsRequest, signal?: AbortSignal): Promise<RunsResponse> {
    return this._http.json('POST', ['runs', 'search'], {
      body: request,
      signal
    });
  }

  /**
   * A run of the history with all its scores.
   *
   * @throws ApiError `damaged_run` if what is stored isn't a run.
   */
  async run(id: string): Promise<RunRecord> {
    const kept = await this._http.json<unknown>('GET', ['runs', id]);
    try {
      return checkRun(kept);
    } catch (reason) {
      throw damagedError(this._trans, reason);
    }
  }

  /** Rename or star a run. */
  changeRun(id: string, change: RunChange): Promise<RunInfo> {
    return this._http.json('POST', ['runs', id], { body: change });
  }

  /** Delete a run from the history, even if the page closes during the request. */
  async deleteRun(id: string): Promise<void> {
    await this._http.json('DELETE', ['runs', id], { keepalive: true });
  }

  /**
   * Delete the runs of the history.
   *
   * @param starred - whether starred runs are deleted, too.
   */
  async clearRuns(starred: boolean): Promise<void> {
    const query = URLExt.objectToQueryString({ starred: Number(starred) });
    await this._http.json('DELETE', ['runs'], { query });
  }

  /** The address of the page around LIT's own app. */
  get litPage(): string {
    return this._http.url(['lit', 'page']);
  }

  /** One of LIT's own files. */
  async litFile(name: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const path = ['lit', 'files', name];
    return (await this._http.request('GET', path, { signal })).arrayBuffer();
  }

  /**
   * LIT's answer to a request of its page, as JSON in a text.
   *
   * Aborting ends LIT's work; so does a lost connection, which is a failure.
   */
  async callLit(call: LitCall, signal?: AbortSignal): Promise<string> {
    const path = ['lit', 'call'];
    const { body } = await this._http.request('POST', path, {
      body: call,
      signal
    });
    try {
      for await (const event of readLines<LitEvent>(
        body!,
        this._timing.silence
      )) {
        if (event.event === 'lit_answer') {
          return event.body;
        }
        if (event.event === 'error') {
          throw new ApiError(event, 200);
        }
      }
    } catch (reason) {
      throw (
        signalled(signal) ??
        (reason instanceof SilenceError
          ? networkError(this._trans)
          : thrownError(reason, this._trans))
      );
    }
    throw networkError(this._trans);
  }

  private readonly _http: Transport;
  private readonly _trans: TranslationBundle;
  private readonly _timing: IEventTiming;
}

function isStopped(reason: unknown): boolean {
  return reason instanceof ApiError && reason.error === 'service_stopped';
}

/** Namespace for the client's options. */
export namespace ApiClient {
  /** All are optional. */
  export interface IOptions {
    serverSettings?: ServerConnection.ISettings;
    translator?: ITranslator;
    timing?: Partial<IEventTiming>;
  }
}
