import { ServerConnection } from '@jupyterlab/services';
import type { ITranslator } from '@jupyterlab/translation';
import { nullTranslator } from '@jupyterlab/translation';

import type { components } from './schema';
import { Transport } from './transport';
import type {
  BatchesResponse,
  BatchFullRow,
  BatchInfo,
  BatchParts,
  BatchRequest,
  BatchRowsPage,
  BatchRowsRequest
} from './types';

type Schemas = components['schemas'];

/** The formats that a batch can be saved in. */
export type BatchFormat = 'csv' | 'jsonl' | 'parquet';

/**
 * The typed client of the routes for batches. It is apart from `ApiClient`, so that a
 * page without batches doesn't load it; its methods reject as that one's do.
 */
export class BatchClient {
  constructor(
    options: {
      serverSettings?: ServerConnection.ISettings;
      translator?: ITranslator;
    } = {}
  ) {
    this._http = new Transport(
      options.serverSettings ?? ServerConnection.makeSettings(),
      (options.translator ?? nullTranslator).load('lit_lab')
    );
  }

  /** The user's batches, newest first, and why some are missing. */
  batches(signal?: AbortSignal): Promise<BatchesResponse> {
    return this._http.json('GET', ['batches'], { signal });
  }

  /** Run rows of an open dataset; each pair of a model and a template makes a batch. */
  async startBatch(request: BatchRequest): Promise<BatchInfo[]> {
    const started = await this._http.json<Schemas['BatchesResponse']>(
      'POST',
      ['batches'],
      { body: request }
    );
    return started.batches;
  }

  /** How far a batch is. */
  batch(id: string, signal?: AbortSignal): Promise<BatchInfo> {
    return this._http.json('GET', ['batches', id], { signal });
  }

  /** Stop a batch and delete what it computed. */
  async deleteBatch(id: string): Promise<void> {
    await this._http.json('DELETE', ['batches', id]);
  }

  /** Stop a batch, or its search for sentences that do nothing. */
  stopBatch(id: string): Promise<BatchInfo> {
    return this._http.json('POST', ['batches', id, 'stop']);
  }

  /** Compute the rows that are missing, and those that failed. */
  continueBatch(id: string): Promise<BatchInfo> {
    return this._http.json('POST', ['batches', id, 'continue']);
  }

  /** Some of a batch's rows. */
  batchRows(
    id: string,
    request: BatchRowsRequest,
    signal?: AbortSignal
  ): Promise<BatchRowsPage> {
    const path = ['batches', id, 'rows'];
    return this._http.json('POST', path, { body: request, signal });
  }

  /** A row with its whole prompt. */
  batchRow(id: string, row: number): Promise<BatchFullRow> {
    return this._http.json('GET', ['batches', id, 'rows', String(row)]);
  }

  /** What each part of the template does over all rows. */
  batchParts(id: string, signal?: AbortSignal): Promise<BatchParts> {
    return this._http.json('GET', ['batches', id, 'parts'], { signal });
  }

  /** Find which sentences of the template do nothing. */
  findNoise(id: string): Promise<BatchInfo> {
    return this._http.json('POST', ['batches', id, 'noise'], { body: {} });
  }

  /** All records as a file. */
  async exportBatch(id: string, format: BatchFormat): Promise<Blob> {
    const path = ['batches', id, 'export', format];
    return (await this._http.request('GET', path, {})).blob();
  }

  private readonly _http: Transport;
}
