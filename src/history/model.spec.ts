import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { ApiError } from '../api';
import type { RunInfo, RunRecord, RunsRequest } from '../api';
import { settle } from '../session/fakes';
import { fakeRecord } from '../session/fixtures';
import type { KeptSource } from '../session/keptsource';
import type { IRun } from '../session/run';
import { UNDO_FOR } from './deletions';
import { HistoryModel } from './model';
import type { HistoryClient, IHistorySession } from './model';

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
    prompt_end: '',
    answer: `answer ${id}`,
    answer_end: '',
    scores: 0,
    forced_answer: false,
    num_turns: 0,
    partial: null,
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
    const { offset = 0, limit = 50, starred = false } = request;
    const found = all.filter(run => run.starred || !starred);
    const runs = found.slice(offset, offset + limit);
    return { runs, total: found.length, documents: ['n.ipynb'] };
  }

  async run(id: string): Promise<RunRecord> {
    this._check();
    return fakeRecord('', '', {
      ...info(id),
      origin: { document: 'n.ipynb', place: ['cell 1'] },
      scores: []
    });
  }

  async changeRun(id: string, change: Partial<RunInfo>): Promise<RunInfo> {
    this._check();
    return { ...this.all.find(run => run.id === id)!, ...change };
  }

  readonly deleted: string[] = [];

  async deleteRun(id: string): Promise<void> {
    this._check();
    this.deleted.push(id);
    this.all = this.all.filter(run => run.id !== id);
  }

  async clearRuns(starred: boolean): Promise<void> {
    this._check();
    this.all = this.all.filter(run => run.starred && !starred);
  }

  private _check(): void {
    if (this.failure) {
      throw this.failure;
    }
  }
}

class FakeSession implements IHistorySession {
  readonly runs: { shown: IRun | null } = { shown: null };
  readonly changed = new Signal<this, void>(this);
  readonly reopened: [RunRecord, KeptSource][] = [];

  reopen(run: RunRecord, source: KeptSource): void {
    this.reopened.push([run, source]);
  }

  isWanted = true;

  claim(): () => boolean {
    return () => this.isWanted;
  }

  become(jobId: string, phase: IRun['phase']): void {
    this.runs.shown = { jobId, phase } as IRun;
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
    client.all = [info('late', { starred: true })];
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

  it('renames and stars', async () => {
    await model.load();
    await model.rename(model.runs[0], '  Mine ');
    expect(model.runs[0].title).toBe('Mine');
    await model.star(model.runs[1]);
    expect(model.runs[1].starred).toBe(true);
  });

  it('deletes a run once that can’t be undone any more', async () => {
    await model.load();
    const [a, b] = model.runs;
    model.delete(a);
    model.delete(b);
    expect([model.deletion(a), model.total]).toEqual(['undoable', 1]);
    await jest.advanceTimersByTimeAsync(UNDO_FOR - 1);
    // Listed anew, it is on its way out still.
    await model.load();
    expect(model.total).toBe(1);
    expect(client.deleted).toEqual([]);
    model.undo(a);
    expect([model.deletion(a), model.total]).toEqual([null, 2]);
    await jest.advanceTimersByTimeAsync(1);
    expect(client.deleted).toEqual(['b']);
    expect(model.runs.map(run => run.id)).toEqual(['a', 'c']);
    expect(model.total).toBe(2);
  });

  it('deletes at once what can’t be undone any more since the page is left', async () => {
    await model.load();
    const [a, b] = model.runs;
    model.delete(a);
    model.delete(b);
    model.undo(b);
    window.dispatchEvent(new Event('pagehide'));
    // Nothing runs after that: the request has been made by now.
    expect(client.deleted).toEqual(['a']);
    window.dispatchEvent(new Event('pagehide'));
    model.dispose();
    await jest.advanceTimersByTimeAsync(2 * UNDO_FOR);
    expect(client.deleted).toEqual(['a']);
  });

  it('deletes what can still be undone when it is disposed of', async () => {
    await model.load();
    model.delete(model.runs[0]);
    model.dispose();
    expect(client.deleted).toEqual(['a']);
  });

  it('lists a run again that could not be deleted, and says why', async () => {
    await model.load();
    client.failure = new ApiError(
      { error: 'disk_full', message: 'The disk is full.', hint: 'Make room.' },
      507
    );
    model.delete(model.runs[0]);
    const seen: unknown[] = [];
    model.changed.connect(() => seen.push(model.deletion(model.runs[0])));
    await jest.advanceTimersByTimeAsync(UNDO_FOR);
    expect(seen.pop()).toBeNull(); // Who listens is sure to see it again.
    expect(model.problem?.message).toBe('The disk is full.');
    expect(model.deletion(model.runs[0])).toBeNull();
    expect(model.total).toBe(3);
  });

  it('has no complaint about a run that another tab deleted', async () => {
    await model.load();
    client.failure = new ApiError(
      { error: 'unknown_run', message: 'It is gone.', hint: '' },
      404
    );
    model.delete(model.runs[0]);
    await jest.advanceTimersByTimeAsync(UNDO_FOR);
    expect(model.problem).toBeNull();
    expect(model.runs).toHaveLength(2);
  });

  it('keeps starred runs when all are deleted, unless they are meant', async () => {
    client.all = [info('a'), info('b', { starred: true })];
    await model.load();
    expect(await model.countAll()).toEqual({ all: 2, starred: 1 });
    await model.clear(false);
    expect(model.runs.map(run => run.id)).toEqual(['b']);
    await model.clear(true);
    expect(model.runs).toEqual([]);
  });

  it('does not open a run that is no longer wanted when it comes', async () => {
    await model.load();
    session.isWanted = false;
    await model.open(model.runs[0]);
    expect(session.reopened).toEqual([]);
  });

  it('tells why a run can’t be opened to who asked for it, not in the list', async () => {
    await model.load();
    expect(await model.openById('b')).toBeNull();
    expect(session.reopened.map(([run]) => run.id)).toEqual(['b']);
    client.failure = new ApiError(
      { error: 'unknown_run', message: 'It is gone.', hint: '' },
      404
    );
    expect((await model.openById('a'))?.message).toBe('It is gone.');
    expect(model.problem).toBeNull();
    await model.open(model.runs[0]);
    expect(model.problem?.message).toBe('It is gone.');
    expect(session.reopened).toHaveLength(1);
  });

  it('tells a failure and keeps what is listed', async () => {
    await model.load();
    client.failure = new ApiError(
      { error: 'disk_full', message: 'The disk is full.', hint: 'Make room.' },
      507
    );
    await model.star(model.runs[0]);
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
