import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { ApiError } from '../api';
import type { RunInfo, RunRecord, RunsRequest } from '../api';
import { settle } from '../session/fakes';
import type { IRun } from '../session/run';
import { HistoryModel } from './model';
import type { HistoryClient, IHistorySession } from './model';
import type { KeptSource } from './source';

const trans = nullTranslator.load('lit_lab');

function info(id: string, fields: Partial<RunInfo> = {}): RunInfo {
  return {
    id,
    created: 1000,
    model: 'demo',
    origin: null,
    title: '',
    starred: false,
    prompt: `prompt ${id}`,
    answer: `answer ${id}`,
    scores: 0,
    given: false,
    ...fields
  };
}

/** A history of as many runs as the spec wants. */
class FakeHistory implements HistoryClient {
  all = ['a', 'b', 'c'].map(id => info(id));
  readonly asked: RunsRequest[] = [];
  failure: ApiError | null = null;
  hold: Promise<void> | null = null;

  async runs(request: RunsRequest) {
    this.asked.push(request);
    const { all, hold } = this;
    await hold;
    this._check();
    const { offset = 0, limit = 50 } = request;
    const runs = all.slice(offset, offset + limit);
    return { runs, total: all.length, documents: ['n.ipynb'] };
  }

  async run(id: string): Promise<RunRecord> {
    this._check();
    return {
      ...info(id),
      origin: { document: 'n.ipynb', place: ['cell 1'] },
      sampling: { temperature: 0, top_k: null, top_p: null, seed: 0 },
      chat: 'plain',
      terms: null,
      prompt_tokens: [],
      answer_tokens: [],
      reason: 'end',
      seconds: 1,
      first_seconds: null,
      scores: []
    };
  }

  async changeRun(id: string, change: Partial<RunInfo>): Promise<RunInfo> {
    this._check();
    return { ...this.all.find(run => run.id === id)!, ...change };
  }

  async deleteRun(): Promise<void> {
    this._check();
  }

  async clearRuns(): Promise<void> {
    this._check();
  }

  private _check(): void {
    if (this.failure) {
      throw this.failure;
    }
  }
}

class FakeSession implements IHistorySession {
  run: IRun | null = null;
  readonly changed = new Signal<this, void>(this);
  readonly reopened: [RunRecord, KeptSource][] = [];

  reopen(run: RunRecord, source: KeptSource): void {
    this.reopened.push([run, source]);
  }

  become(jobId: string, phase: IRun['phase']): void {
    this.run = { jobId, phase } as IRun;
    this.changed.emit();
  }
}

describe('history/model', () => {
  let client: FakeHistory;
  let session: FakeSession;
  let revealed: string[];
  let model: HistoryModel;

  beforeEach(() => {
    jest.useFakeTimers();
    client = new FakeHistory();
    session = new FakeSession();
    revealed = [];
    model = new HistoryModel(
      client,
      session,
      document => revealed.push(document),
      trans
    );
  });

  afterEach(() => {
    model.dispose();
    jest.useRealTimers();
  });

  it('asks for nothing until it is shown', async () => {
    session.become('x', 'done');
    await jest.advanceTimersByTimeAsync(10_000);
    expect(client.asked).toEqual([]);
  });

  it('lists a page, then more, none twice', async () => {
    client.all = Array.from({ length: 60 }, (_, i) => info(`r${i}`));
    await model.load();
    expect(model.runs).toHaveLength(50);
    expect(model.total).toBe(60);
    // One came meanwhile, which moves the others on.
    client.all = [info('new'), ...client.all];
    await model.more();
    const ids = model.runs.map(run => run.id);
    expect(ids).toHaveLength(60);
    expect(new Set(ids).size).toBe(60);
  });

  it('searches a moment after typing, once', async () => {
    await model.load();
    model.query = 'o';
    model.query = 'on';
    await jest.advanceTimersByTimeAsync(1000);
    expect(client.asked.map(({ search }) => search)).toEqual(['', 'on']);
  });

  it('shows the answer to what was asked last', async () => {
    let release: () => void = () => undefined;
    client.hold = new Promise(resolve => {
      release = resolve;
    });
    const slow = model.load();
    client.hold = null;
    client.all = [info('late')];
    model.starred = true;
    await settle();
    release();
    await slow;
    expect(model.runs.map(run => run.id)).toEqual(['late']);
    expect(model.loadingSince).toBeNull();
  });

  it('lists a run that ended, and not one under way', async () => {
    await model.load();
    session.become('x', 'answering');
    await jest.advanceTimersByTimeAsync(1000);
    expect(client.asked).toHaveLength(1);
    session.become('x', 'done');
    session.become('x', 'done');
    await jest.advanceTimersByTimeAsync(1000);
    expect(client.asked).toHaveLength(2);
    expect(model.shown).toBe('x');
  });

  it('lists a run that ended at once, for the server waits until it is stored', async () => {
    await model.load();
    session.become('x', 'done');
    await jest.advanceTimersByTimeAsync(0);
    expect(client.asked).toHaveLength(2);
    model.expect();
    await jest.advanceTimersByTimeAsync(0);
    expect(client.asked).toHaveLength(3);
  });

  it('looks for a run that was stopped until the server has stopped it', async () => {
    await model.load();
    session.become('x', 'stopped');
    await jest.advanceTimersByTimeAsync(400);
    expect(client.asked).toHaveLength(2);
    client.all = [info('x'), ...client.all];
    await jest.advanceTimersByTimeAsync(60_000);
    expect(client.asked).toHaveLength(3);
    expect(model.runs[0].id).toBe('x');
  });

  it('gives up on a stopped run that has nothing to store', async () => {
    await model.load();
    session.become('x', 'stopped');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(client.asked).toHaveLength(4);
  });

  it('opens a run with what leads back to its document', async () => {
    await model.load();
    await model.open(model.runs[1]);
    const [run, source] = session.reopened[0];
    expect(run.id).toBe('b');
    expect(source.text.value).toBe('prompt b');
    expect([source.document, ...source.place]).toEqual(['n.ipynb', 'cell 1']);
    source.reveal();
    expect(revealed).toEqual(['n.ipynb']);
  });

  it('renames, stars and deletes', async () => {
    await model.load();
    await model.rename(model.runs[0], '  Mine ');
    expect(model.runs[0].title).toBe('Mine');
    await model.star(model.runs[1]);
    expect(model.runs[1].starred).toBe(true);
    await model.delete(model.runs[2]);
    expect(model.runs).toHaveLength(2);
    expect(model.total).toBe(2);
    await model.clear();
    expect(model.runs).toEqual([]);
  });

  it('tells a failure and keeps what is listed', async () => {
    await model.load();
    client.failure = new ApiError(
      { error: 'disk_full', message: 'The disk is full.', hint: 'Make room.' },
      507
    );
    await model.delete(model.runs[0]);
    expect(model.problem?.message).toBe('The disk is full.');
    expect(model.runs).toHaveLength(3);
    client.failure = null;
    await model.load();
    expect(model.problem).toBeNull();
  });

  it('knows when nothing is kept', async () => {
    client.failure = new ApiError(
      { error: 'history_off', message: 'Off.', hint: '' },
      404
    );
    await model.load();
    expect(model.isOff).toBe(true);
    expect(model.problem).toBeNull();
  });
});
