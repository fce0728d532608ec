import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { answerError, responseError, thrownError } from './errors';
import { signalled } from './events';

type Method = 'GET' | 'POST' | 'DELETE';

interface IRequest {
  body?: object;
  query?: string;
  signal?: AbortSignal;
  /** Whether the request outlives the page. */
  keepalive?: boolean;
}

/**
 * Sends requests to the server extension.
 *
 * Each method rejects with an `ApiError`, or with an `AbortError` when its signal
 * is aborted.
 */
export class Transport {
  constructor(settings: ServerConnection.ISettings, trans: TranslationBundle) {
    this._settings = settings;
    this._trans = trans;
  }

  /** The address of a route, by the parts of its path. */
  url(path: readonly string[]): string {
    return URLExt.join(
      this._settings.baseUrl,
      'lit-lab/api',
      ...path.map(encodeURIComponent)
    );
  }

  /** Request a JSON body. */
  async json<T>(
    method: Method,
    path: readonly string[],
    options: IRequest = {}
  ): Promise<T> {
    const response = await this.request(method, path, options);
    const text = await response.text().catch((reason: unknown) => {
      throw signalled(options.signal) ?? thrownError(reason, this._trans);
    });
    try {
      return JSON.parse(text) as T;
    } catch {
      throw answerError(this._trans);
    }
  }

  /** Request anything; the caller reads the body. */
  async request(
    method: Method,
    path: readonly string[],
    { body, query = '', signal, keepalive }: IRequest
  ): Promise<Response> {
    const init: RequestInit = { method, signal, keepalive };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(
        this.url(path) + query,
        init,
        this._settings
      );
    } catch (reason) {
      // JupyterLab wraps aborts too.
      throw signalled(signal) ?? thrownError(reason, this._trans);
    }
    if (!response.ok) {
      throw await responseError(response, this._trans);
    }
    return response;
  }

  private readonly _settings: ServerConnection.ISettings;
  private readonly _trans: TranslationBundle;
}
