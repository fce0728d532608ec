import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { BatchesResponse } from '../api';
import { settle, until } from '../session/fakes';
import { FakeBatches, fakeAnswer, fakeBatch, fakeRows } from './fakes';
import { BatchesModel } from './model';
import { PAGE } from './table';

const LOST = new ApiError({ error: 'network', message: 'Lost.', hint: '' });

describe('batches/model', () => {
  let server: FakeBatches;
  let model: BatchesModel;

  beforeEach(() => {
    server = new FakeBatches();
    server.batches = [fakeBatch()];
    server.rows = fakeRows(3);
    model = new BatchesModel(server.client, nullTranslator.load('lit_lab'));
  });

  afterEach(() => {
    model.dispose();
  });

  /** See the model, and a batch in it. */
  async function show(id = 'b1'): Promise<void> {
    model.watch(true);
    await settle();
    model.show(id);
    await settle();
  }

  it('requests nothing until it is visible', async () => {
    await settle();
    expect(server.asked).toEqual([]);
    model.watch(true);
    await settle();
    expect(server.count('list')).toBe(1);
  });

  it('asks for the progress until the batch is done, and fetches its rows again', async () => {
    await show();
    expect(server.asked).toEqual(['list', 'rows b1']);
    await until(() => server.count('batch b1') > 0);
    server.set('b1', { done: 3, state: 'done' });
    await until(() => model.shown?.state === 'done');
    await until(() => server.count('rows b1') > 0);
    expect(model.isAsking).toBe(false);
  });

  it('does not ask while nobody sees it', async () => {
    await show();
    await until(() => server.count('batch b1') > 0);
    expect(model.isAsking).toBe(true);
    model.watch(false);
    expect(model.isAsking).toBe(false);
  });

  it('says that the connection is lost, and goes on by itself', async () => {
    await show();
    server.failure = LOST;
    await until(() => model.isLost);
    expect(model.shown?.id).toBe('b1');
    server.failure = null;
    server.set('b1', { done: 2 });
    await until(() => !model.isLost && model.shown?.done === 2);
  });

  it('drops a batch that another page deleted', async () => {
    await show();
    server.batches = [];
    await until(() => model.batches.length === 0);
    expect(model.shown).toBeNull();
    expect(model.table.page).toBeNull();
  });

  it('shows what it started, beside the batch that was started with it', async () => {
    server.batches = [fakeBatch(), fakeBatch({ id: 'b2', model: 'nano' })];
    server.rows = fakeRows(3, () => ({ other: fakeAnswer() }));
    await model.start({ dataset: 'd1', models: ['demo', 'nano'] });
    await settle();
    expect(model.shown?.id).toBe('b1');
    expect(model.other?.id).toBe('b2');
    expect(server.pages[0].other).toBe('b2');
    model.compare(null);
    await settle();
    expect(server.pages.at(-1)?.other).toBeNull();
  });

  it('stops, goes on, and deletes', async () => {
    await show();
    await model.stop('b1');
    expect(model.shown?.state).toBe('stopped');
    await model.goOn('b1');
    expect(model.shown?.state).toBe('running');
    await model.delete('b1');
    expect(model.shown).toBeNull();
    expect(model.batches).toEqual([]);
  });

  it('says why something failed, and lets the user dismiss it', async () => {
    await show();
    server.failure = new ApiError(
      { error: 'no_pyarrow', message: 'No pyarrow.', hint: 'Install it.' },
      422
    );
    expect(await model.export('b1', 'parquet')).toBeNull();
    expect(model.problem?.message).toBe('No pyarrow.');
    expect(model.isDoing('export')).toBe(false);
    expect(model.isUnlisted).toBe(false);
    model.dismiss();
    expect(model.problem).toBeNull();
  });

  it('shows no rows of another question while it asks, or if that fails', async () => {
    server.batches = [fakeBatch(), fakeBatch({ id: 'b2', model: 'nano' })];
    await show();
    expect(model.table.page).not.toBeNull();
    model.compare(null);
    expect(model.table.page).toBeNull();
    await settle();
    server.failure = LOST;
    model.compare('b2');
    await settle();
    expect(model.table.page).toBeNull();
    expect(model.table.problem?.message).toBe('Lost.');
    server.failure = null;
    model.show('b2');
    expect(model.table.problem).toBeNull();
    await settle();
    model.table.only = 'failed';
    expect(model.table.page).toBeNull();
  });

  it('stops a batch while a file of it is made', async () => {
    await show();
    let end: (file: Blob) => void = () => undefined;
    server.client.exportBatch = () => new Promise(resolve => (end = resolve));
    const file = model.export('b1', 'csv');
    expect(model.isDoing('export')).toBe(true);
    await model.stop('b1');
    expect(model.shown?.state).toBe('stopped');
    end(new Blob(['x']));
    expect(await file).not.toBeNull();
  });

  it('says what a server refuses that does answer', async () => {
    await show();
    server.failure = new ApiError(
      { error: 'forbidden', message: 'Not allowed.', hint: '' },
      403
    );
    await until(() => model.problem !== null);
    expect(model.isLost).toBe(false);
    expect([model.problem?.message, model.isUnlisted]).toEqual([
      'Not allowed.',
      true
    ]);
    server.failure = null;
    await until(() => model.problem === null);
  });

  it('keeps what it knows while the shared service is away, and says so', async () => {
    server.batches = [fakeBatch(), fakeBatch({ id: 'b2' })];
    await show();
    server.unlisted = { error: 'service_lost', message: 'Gone.', hint: '' };
    server.batches = [fakeBatch({ state: 'done', done: 3 })];
    await model.load();
    expect(model.batches.map(({ id, state }) => [id, state])).toEqual([
      ['b1', 'done'],
      ['b2', 'running']
    ]);
    expect(model.problem?.message).toBe(
      'Batches at the shared service aren’t listed. Gone.'
    );
    expect(model.isUnlisted).toBe(true);
    server.unlisted = null;
    await model.load();
    expect(model.batches.map(({ id }) => id)).toEqual(['b1']);
    expect(model.problem).toBeNull();
  });

  it('throws away a list that is older than what the user did', async () => {
    await show();
    const answers: ((found: BatchesResponse) => void)[] = [];
    const { batches } = server.client;
    server.client.batches = () => new Promise(resolve => answers.push(resolve));
    const old = server.batches;
    for (const [change, expected] of [
      [() => model.stop('b1'), 'stopped'],
      [() => model.goOn('b1'), 'running'],
      [() => model.delete('b1'), undefined]
    ] as const) {
      const loaded = model.load();
      await change();
      server.client.batches = batches;
      answers.pop()!({
        batches: old.map(one => ({
          ...one,
          state: expected === 'running' ? 'stopped' : 'running'
        })),
        unlisted: null
      });
      await loaded;
      expect(model.batches[0]?.state).toBe(expected);
      server.client.batches = () =>
        new Promise(resolve => answers.push(resolve));
    }
  });

  it('fetches the rows of a finished batch again only if one of both changes', async () => {
    server.batches = [
      fakeBatch({ state: 'done', done: 3 }),
      fakeBatch({ id: 'b2' }),
      fakeBatch({ id: 'b3', group: 'g3' })
    ];
    await show();
    const lists = server.count('list');
    await until(() => server.count('list') > lists);
    await settle();
    expect(server.count('rows b1')).toBe(1);
    server.set('b2', { state: 'done', done: 3 });
    await until(() => server.count('rows b1') > 1);
    expect(model.table.isStale).toBe(false);
  });

  it('fetches rows once more if a reason to comes while they are fetched', async () => {
    await show();
    const before = server.count('rows b1');
    model.table.offset = 0;
    server.rows = fakeRows(3, () => ({ found: fakeAnswer({ error: 'No.' }) }));
    model.table.only = 'failed';
    model.table.refresh();
    expect(model.table.isStale).toBe(true);
    await settle();
    expect(server.count('rows b1')).toBe(before + 3);
    expect(model.table.isStale).toBe(false);
  });

  it('pages through many rows, and goes back where fewer are left', async () => {
    server.rows = fakeRows(2 * PAGE + 1);
    await show();
    expect(model.table.page?.rows).toHaveLength(PAGE);
    model.table.offset = 2 * PAGE;
    await settle();
    expect(model.table.page?.rows.map(({ row }) => row)).toEqual([2 * PAGE]);
    server.rows = fakeRows(PAGE);
    model.table.only = 'failed';
    expect(model.table.offset).toBe(0);
    model.table.offset = 2 * PAGE;
    await settle();
    expect(model.table.offset).toBe(0);
  });

  it('fetches parts only while somebody looks at them', async () => {
    await show();
    expect(server.count('parts b1')).toBe(0);
    model.parts.look(true);
    await settle();
    expect(server.count('parts b1')).toBe(1);
    expect(model.parts.found?.parts).toHaveLength(2);
  });
});
