/** Fakes for the specs: a server with batches. */
import { ApiError } from '../api';
import type {
  BatchAnswer,
  BatchFullRow,
  BatchInfo,
  BatchParts,
  BatchRequest,
  BatchRow,
  BatchRowsRequest,
  ErrorBody
} from '../api';
import type { BatchesClient } from './model';
import type { IRowsToRun } from './rows';

/** A batch with what matters of it. */
export function fakeBatch(fields: Partial<BatchInfo> = {}): BatchInfo {
  return {
    id: 'b1',
    group: 'g1',
    name: 'questions.csv',
    model: 'demo',
    template: 'Answer. {question}',
    prompt: '',
    measures: ['shares', 'effects'],
    max_new_tokens: 20,
    sampling: {
      temperature: 0,
      top_k: null,
      top_p: null,
      seed: 0,
      repetition_penalty: 1
    },
    stop: [],
    chat: 'auto',
    thinking: false,
    created: 1_700_000_000,
    state: 'running',
    error: null,
    total: 3,
    done: 1,
    failed: 0,
    checks: [],
    noise: 'none',
    noise_message: '',
    expires: null,
    ...fields
  };
}

/** An answer with what matters of it. */
export function fakeAnswer(fields: Partial<BatchAnswer> = {}): BatchAnswer {
  return {
    answer: 'Paris',
    reason: 'stop',
    error: '',
    logprob: -1,
    checks: [],
    strongest: 'Answer.',
    ...fields
  };
}

/** Parts of a template over three rows. */
export const PARTS: BatchParts = {
  kind: 'effect',
  reason: '',
  rows: [0, 1, 2],
  parts: [
    {
      id: 'p1',
      text: 'Answer in JSON.',
      rows: 3,
      effect: 0.4,
      low: 0.2,
      high: 0.6,
      share: 0.7,
      outliers: [2],
      nothing: false,
      cells: [0.2, 0.4, 0.6]
    },
    {
      id: 'p2',
      text: '<b>Be kind.</b>',
      rows: 3,
      effect: -0.01,
      low: -0.02,
      high: 0,
      share: 0.1,
      outliers: [],
      nothing: true,
      cells: [-0.01, null, 0]
    }
  ]
};

/** A server extension that runs batches. */
export class FakeBatches {
  batches: BatchInfo[] = [];
  rows: BatchRow[] = [];
  parts = PARTS;
  changes = { fixed: 0, broken: 0, answer: 0 };
  readonly asked: string[] = [];
  readonly started: BatchRequest[] = [];
  readonly pages: BatchRowsRequest[] = [];
  /** Requests fail with this, if it is set. */
  failure: ApiError | null = null;
  /** Why a list lacks those at the shared service. */
  unlisted: ErrorBody | null = null;

  readonly client: BatchesClient = {
    batches: async () => {
      this._ask('list');
      return { batches: this.batches, unlisted: this.unlisted };
    },
    startBatch: async request => {
      this._ask('start');
      this.started.push(request);
      return this.batches;
    },
    batch: async id => {
      this._ask(`batch ${id}`);
      return this._find(id);
    },
    deleteBatch: async id => {
      this._ask(`delete ${id}`);
      this.batches = this.batches.filter(one => one.id !== id);
    },
    stopBatch: async id => {
      this._ask(`stop ${id}`);
      return this.set(id, { state: 'stopped' });
    },
    continueBatch: async id => {
      this._ask(`continue ${id}`);
      return this.set(id, { state: 'running' });
    },
    batchRows: async (id, request) => {
      this._ask(`rows ${id}`);
      this.pages.push(request);
      const { offset = 0, limit = 100 } = request;
      return {
        rows: this.rows.slice(offset, offset + limit),
        total: this.rows.length,
        ...this.changes
      };
    },
    batchRow: async (id, row): Promise<BatchFullRow> => {
      this._ask(`row ${id} ${row}`);
      return {
        row,
        line: row + 1,
        prompt: `Prompt ${row}`,
        turns: [],
        target: 'Paris',
        answer: 'Paris',
        reason: 'stop',
        error: '',
        parts: [],
        checks: []
      };
    },
    batchParts: async id => {
      this._ask(`parts ${id}`);
      return this.parts;
    },
    findNoise: async id => {
      this._ask(`noise ${id}`);
      return this.set(id, { noise: 'running', noise_message: '1 of 20 rows' });
    },
    exportBatch: async (id, format) => {
      this._ask(`export ${id} ${format}`);
      return new Blob(['x']);
    }
  };

  /** Change a batch. */
  set(id: string, change: Partial<BatchInfo>): BatchInfo {
    this.batches = this.batches.map(one =>
      one.id === id ? { ...one, ...change } : one
    );
    return this._find(id);
  }

  /** How often something was asked for. */
  count(what: string): number {
    return this.asked.filter(one => one === what).length;
  }

  private _ask(what: string): void {
    this.asked.push(what);
    if (this.failure) {
      throw this.failure;
    }
  }

  private _find(id: string): BatchInfo {
    const found = this.batches.find(one => one.id === id);
    if (!found) {
      throw new ApiError(
        { error: 'unknown_batch', message: 'It is gone.', hint: '' },
        404
      );
    }
    return found;
  }
}

/** Rows with an answer each. */
export function fakeRows(
  count: number,
  fields: (row: number) => Partial<BatchRow> = () => ({})
): BatchRow[] {
  return Array.from({ length: count }, (_, row) => ({
    row,
    line: row + 1,
    prompt: `Prompt ${row}`,
    target: 'Paris',
    found: fakeAnswer(),
    other: null,
    change: '' as const,
    ...fields(row)
  }));
}

/** A dataset of which nothing changes by itself. */
export function fakeDataset(
  changed: IRowsToRun['changed'],
  fields: Partial<IRowsToRun> = {}
): IRowsToRun {
  return {
    key: 'data/questions.csv',
    name: 'questions.csv',
    id: 'd1',
    isRead: true,
    rows: 12,
    columns: ['question', 'answer'],
    chosen: { prompt: 'question', target: 'answer', template: null },
    search: null,
    changed,
    ...fields
  };
}
