import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { DatasetRow } from '../api';
import { joinTurns } from '../session/conversation';
import { FakeSource, until } from '../session/fakes';
import { PromptModel } from '../session/prompt';
import type { IPromptSource } from '../session/source';
import { FakeServer } from './fakes';
import { fieldsIn } from './fields';
import { DatasetsModel } from './model';
import { hasFields } from './promptfields';
import { fate } from './save';

describe('datasets/model', () => {
  let server: FakeServer;
  let chosen: IPromptSource[];
  let runs: boolean[];
  let model: DatasetsModel;
  const trans = nullTranslator.load('lit_lab');

  beforeEach(() => {
    server = new FakeServer();
    chosen = [];
    model = new DatasetsModel(server.client, trans);
    runs = [];
    model.chosen.connect((_, { source, run }) => {
      chosen.push(source);
      runs.push(run);
    });
  });

  afterEach(() => {
    model.dispose();
  });

  const prompts = () =>
    Array.from(
      { length: model.current?.list.total ?? 0 },
      (_, i) => model.current?.list.row(i)?.prompt
    );

  it('asks for nothing before it is shown, and only once', async () => {
    expect(server.asked).toEqual([]);
    void model.list();
    await Promise.all([model.load(), model.load()]);
    await model.load();
    expect(server.asked.filter(what => !what.startsWith('rows'))).toEqual([
      'list',
      'open sample_prompts'
    ]);
    expect(prompts()).toEqual(server.prompts);
    expect(model.needsService).toBe(false);
  });

  it('shows what was opened last, whichever comes last', async () => {
    const first = model.open({ name: 'other' });
    const second = model.openFile('own.csv');
    await Promise.all([first, second]);
    expect(model.current?.reference).toEqual({ path: 'own.csv' });
    expect(model.opened).toHaveLength(2);
    await model.open({ name: 'other' });
    expect(server.opened).toHaveLength(2);
  });

  it('searches when typing pauses', async () => {
    await model.load();
    model.current!.list.query = 'head';
    await until(() => expect(prompts()).toEqual(['Write a headline.']));
  });

  it('takes a row up as a prompt that says where it is from', async () => {
    await model.load();
    await model.analyze(2);
    const [source] = chosen;
    expect(source.document).toBe('sample_prompts');
    expect(source.place).toEqual(['row 2', 'gigaword']);
    expect(source.text?.value).toBe('Write a headline.');
    expect(source.target).toBe('T');
    expect(runs).toEqual([true]);
    await model.analyze(2, false);
    expect(runs).toEqual([true, false]);
  });

  it('takes the row up that was chosen last', async () => {
    await model.load();
    await Promise.all([model.analyze(1), model.analyze(2)]);
    expect(chosen.map(source => source.place[0])).toEqual(['row 2']);
  });

  it('leaves a row that was chosen before a prompt from elsewhere', async () => {
    let wanted = true;
    model.claim = () => () => wanted;
    await model.load();
    const choosing = model.analyze(1);
    wanted = false;
    await choosing;
    expect(chosen).toEqual([]);
  });

  it('follows the row that a prompt came from, as long as it is that row', async () => {
    await model.load();
    await model.analyze(1);
    const [source] = chosen;
    const dataset = model.current!;
    await dataset.edits.change(2, 'Another row.');
    expect(source.text?.value).toBe('Analyze a dish.');
    await dataset.edits.change(1, 'Analyze a drink.');
    expect(source.text?.value).toBe('Analyze a drink.');
    await dataset.edits.delete({ id: 1 } as DatasetRow);
    expect(source.text).toBeNull();
    await dataset.edits.restore();
    expect(source.text?.value).toBe('Analyze a drink.');
    // With other columns a row of the same number is another one.
    await dataset.reread({});
    expect(source.text).toBeNull();
    await dataset.edits.change(1, 'Of another row.');
    expect(source.text).toBeNull();
  });

  it('tells that a row is gone with its dataset', async () => {
    await model.load();
    await model.analyze(1);
    let changes = 0;
    chosen[0].changed.connect(() => changes++);
    await model.close();
    expect(changes).toBe(1);
    expect(chosen[0].text).toBeNull();
  });

  it('brings a row back into view, whatever is searched for', async () => {
    await model.load();
    await model.analyze(2);
    model.current!.list.query = 'dish';
    const places: number[] = [];
    model.current!.list.revealed.connect((_, at) => places.push(at));
    chosen[0].reveal();
    await until(() => expect(places).toEqual([1]));
    expect(model.current!.list.query).toBe('');
  });

  it('adds the prompt as a row and shows it', async () => {
    await model.load();
    const places: number[] = [];
    model.current!.list.revealed.connect((_, at) => places.push(at));
    await model.current!.edits.add('New');
    expect(prompts()[2]).toBe('New');
    expect(places).toEqual([2]);
    expect(model.current!.state?.edited).toBe(true);
  });

  it('brings a deleted row back', async () => {
    await model.load();
    const dataset = model.current!;
    await dataset.edits.delete(dataset.list.row(0)!);
    expect(dataset.edits.deleted?.id).toBe(1);
    await dataset.edits.restore();
    expect(dataset.edits.deleted).toBeNull();
    expect(server.edits.map(edit => edit.kind)).toEqual(['delete', 'restore']);
  });

  it('asks before it replaces a file', async () => {
    await model.load();
    const failed = await model.current!.save('a.jsonl');
    expect(failed?.needs).toBe('replace');
    expect(failed?.problem.message).toBe('It is there.');
    expect(await model.current!.save('a.jsonl', 'replace')).toBeNull();
    expect(model.current!.reference).toEqual({ path: 'a.jsonl' });
  });

  it('asks again before what something else has changed is lost', async () => {
    await model.openFile('own.jsonl');
    server.changedOnDisk = true;
    const failed = await model.current!.save('own.jsonl', 'replace');
    expect(failed?.needs).toBe('discard');
    expect(await model.current!.save('own.jsonl', 'discard')).toBeNull();
  });

  it('goes on with the columns that were chosen, as the file names them', async () => {
    await model.openFile('own.csv');
    const columns = { prompt: 'q', target: null, source: null, template: null };
    await model.current!.reread({ columns });
    await model.current!.save('new.jsonl', 'replace');
    const { chosen } = model.current!.state!;
    expect(model.current!.reference).toEqual({
      path: 'new.jsonl',
      columns: chosen
    });
  });

  it('says before saving what becomes of rows that can’t be used', async () => {
    server.bad = 2;
    await model.openFile('a/own.jsonl');
    const dataset = model.current!;
    expect(fate(dataset, 'a/own.jsonl', trans)).toContain('2 rows');
    expect(fate(dataset, 'a/own.jsonl', trans)).toContain('stay in the file');
    expect(fate(dataset, 'a/new.jsonl', trans)).toContain('won’t be in');
    server.bad = 0;
    await dataset.retry();
    await dataset.reread({});
    expect(fate(dataset, 'a/new.jsonl', trans)).toBe('');
  });

  it('reads a file again with other columns, and lets go of the first', async () => {
    await model.openFile('own.csv');
    const columns = { prompt: 'q', target: null, source: null, template: null };
    await model.current!.reread({ columns });
    expect(server.asked).toContain('close d0');
    expect(server.opened[1]).toMatchObject({ path: 'own.csv', columns });
  });

  it('follows a file that is still being read', async () => {
    server.reading = 2;
    server.prompts = ['one'];
    await model.openFile('own.csv');
    expect(model.current!.state?.state).toBe('reading');
    server.prompts = ['one', 'two', 'three'];
    await until(() => model.current!.state?.state === 'ready');
    await until(() => expect(prompts()).toHaveLength(3));
    expect(prompts()).toEqual(['one', 'two', 'three']);
  });

  it('finds over a reload what is open, and else opens it again', async () => {
    await model.openFile('own.csv');
    const saved = model.save();
    for (const gone of [false, true]) {
      server.gone = gone;
      server.asked = [];
      const again = new DatasetsModel(server.client, trans);
      again.restore(saved);
      expect(server.asked).toEqual([]);
      await again.load();
      expect(again.current?.name).toBe('own.csv');
      expect(again.current?.list.total).toBe(2);
      expect(server.asked.includes('open own.csv')).toBe(gone);
      again.dispose();
    }
  });

  it('tells that a row can’t be read until one can', async () => {
    await model.load();
    const dataset = model.current!;
    for (const read of [
      () => model.analyze(1),
      () => dataset.list.expand(1, 0)
    ]) {
      server.broken.add('row');
      await read();
      expect(dataset.problem?.message).toBe('No row.');
      server.broken.clear();
      await dataset.list.restart();
      expect(dataset.problem?.message).toBe('No row.');
      await read();
      expect(dataset.problem).toBeNull();
    }
  });

  it('fills a row’s fields from columns, and runs it only when all are filled', async () => {
    server.prompts = ['Tell me of {town} in {year}.'];
    server.others = { Town: 'Rome', when: '1990' };
    await model.load();
    await model.analyze(1);
    const town = { value: 'Rome', from: 'the column “Town”' };
    expect(chosen[0].text?.fields.map(({ name }) => name)).toEqual([
      'town',
      'year'
    ]);
    expect(chosen[0].suggestions).toEqual({ town });
    const dataset = model.current!;
    dataset.mapField('year', 'when');
    await model.analyze(1);
    const year = { value: '1990', from: 'the column “when”' };
    expect(chosen[1].suggestions).toEqual({ town, year });
    expect(runs).toEqual([false, true]);
    expect(server.opened).toHaveLength(1); // nothing is read again
    expect(dataset.reference.fields).toEqual({ year: 'when' });
  });

  it('opens a row with turns as a conversation, and a user’s turn alone as a text', async () => {
    server.turns = [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'A {colour} fruit?' }
    ];
    const { value, turns } = joinTurns(server.turns);
    server.prompts = [value];
    await model.load();
    await model.analyze(1);
    expect(chosen[0].text).toMatchObject({ value, turns });
    expect(chosen[0].text?.fields.map(({ name }) => name)).toEqual(['colour']);
    server.turns = [{ role: 'user', text: 'Hi!' }];
    server.prompts = ['Hi!'];
    await model.analyze(1);
    expect(chosen[1].text).toMatchObject({ value: 'Hi!' });
    expect(chosen[1].text?.turns).toBeUndefined();
  });

  it('fills the fields of the panel’s prompt from a row', async () => {
    const prompt = new PromptModel();
    const text = '{question} Use {n} words.';
    prompt.open(new FakeSource(text, fieldsIn(text)));
    server.others = { question: 'Why?', count: '5' };
    await model.load();
    const dataset = model.current!;
    expect(hasFields(prompt, dataset)).toBe(true);
    const row = (await dataset.read(1))!;
    const filled = jest.fn();
    model.filled.connect(filled);
    model.fill(prompt, row);
    expect(filled).toHaveBeenCalledTimes(1);
    expect(prompt.value).toBe('Why? Use {n} words.');
    dataset.mapField('n', 'count');
    model.fill(prompt, row);
    expect(prompt.value).toBe('Why? Use 5 words.');
    prompt.edit('typed');
    expect(hasFields(prompt, dataset)).toBe(false);
    prompt.dispose();
  });

  it('reads again in another encoding, and keeps what was chosen over a reload', async () => {
    await model.open({ path: 'a.csv' });
    const dataset = model.current!;
    await dataset.reread({ encoding: 'gb18030' });
    await dataset.reread({ header: false, columns: undefined });
    dataset.mapField('town', '');
    expect(
      server.opened.map(({ encoding, header }) => [encoding, header])
    ).toEqual([
      [undefined, undefined],
      ['gb18030', undefined],
      ['gb18030', false]
    ]);
    const saved = JSON.parse(JSON.stringify(model.save()));
    expect(saved.opened[0].reference).toEqual({
      path: 'a.csv',
      encoding: 'gb18030',
      header: false,
      fields: { town: '' }
    });
  });

  it('tells that the list can’t be read until it can', async () => {
    await model.load();
    const dataset = model.current!;
    server.broken.add('rows');
    await dataset.list.restart();
    expect(dataset.problem?.message).toBe('No rows.');
    await model.analyze(1);
    expect(dataset.problem?.message).toBe('No rows.');
    server.broken.clear();
    await dataset.list.restart();
    expect(dataset.problem).toBeNull();
  });

  it('tells what failed last, and of a change that failed whatever is read', async () => {
    await model.load();
    const dataset = model.current!;
    server.broken.add('edit').add('row');
    await dataset.edits.change(1, 'Another.');
    expect(dataset.problem?.message).toBe('No edit.');
    await model.analyze(1);
    expect(dataset.problem?.message).toBe('No row.');
    server.broken.clear();
    await model.analyze(1);
    expect(dataset.problem?.message).toBe('No edit.');
    dataset.dismiss();
    expect(dataset.problem).toBeNull();
  });

  it('tells a failure, and loads when asked again', async () => {
    server.failure = new ApiError({
      error: 'x',
      message: 'It did not start.',
      hint: 'See the log.'
    });
    await model.load();
    expect(model.problem?.message).toBe('It did not start.');
    expect(model.loadingSince).toBeNull();
    server.failure = null;
    await model.load();
    expect(model.problem).toBeNull();
    expect(prompts()).toHaveLength(2);
  });
});
