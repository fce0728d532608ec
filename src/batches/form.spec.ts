import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { fakeModel } from '../session/fixtures';
import { Scenario } from '../session/scenario';
import { fakeDataset } from './fakes';
import { BatchForm } from './form';
import type { IRowsToRun } from './rows';

describe('batches/form', () => {
  let scenario: Scenario;
  let form: BatchForm;
  const changed = new Signal<object, void>({});

  function take(fields: Partial<IRowsToRun> = {}): void {
    form.take(fakeDataset(changed, fields));
  }

  beforeEach(async () => {
    scenario = await Scenario.begin();
    form = new BatchForm(scenario.session, nullTranslator.load('lit_lab'));
  });

  afterEach(() => {
    form.dispose();
    scenario.session.dispose();
  });

  it('runs all rows of the column of prompts, as the panel would', () => {
    scenario.session.settings = {
      ...scenario.session.settings,
      maxNewTokens: 7,
      temperature: 0.5,
      seed: 3,
      chat: 'off'
    };
    take();
    expect(form.count).toBe(12);
    expect(form.request()).toMatchObject({
      dataset: 'd1',
      rows: { search: '', source: null, first: null },
      models: ['demo'],
      templates: [],
      measures: ['shares', 'effects'],
      max_new_tokens: 7,
      sampling: { temperature: 0.5, seed: 3 },
      chat: 'off',
      checks: []
    });
  });

  it('asks for no more tokens than the server allows', () => {
    take();
    form.change({ maxNewTokens: 5000 });
    expect(form.request()?.max_new_tokens).toBe(64);
  });

  it('begins with the columns that the dataset uses', () => {
    take();
    expect(form.choices).toMatchObject({
      prompts: 'own',
      template: '{question}'
    });
    // A file of the same name, in another folder.
    take({
      key: 'other/questions.csv',
      chosen: { prompt: null, target: null, template: '{a}\n\n{b}' }
    });
    expect(form.choices).toMatchObject({
      prompts: 'template',
      template: '{a}\n\n{b}'
    });
    expect(form.request()?.templates).toEqual(['{a}\n\n{b}']);
  });

  it('takes the columns once the dataset is read', () => {
    take({
      id: null,
      isRead: false,
      rows: 0,
      chosen: { prompt: null, target: null, template: null }
    });
    expect(form.fault).not.toBe('');
    expect(form.choices.template).toBe('');
    take();
    expect(form.choices.template).toBe('{question}');
    expect(form.request()).not.toBeNull();
    const rows = { ...fakeDataset(changed, { key: 'new', isRead: false }) };
    form.take(rows);
    expect(form.fault).toContain('isn’t read yet');
    form.change({ template: 'Mine' });
    Object.assign(rows, { isRead: true });
    changed.emit();
    expect(form.choices.template).toBe('Mine');
    expect(form.fault).toBe('');
  });

  it('keeps what was typed for the same dataset', () => {
    take();
    form.change({ prompts: 'template', template: 'Mine: {question}' });
    take({ id: 'd2' });
    expect(form.request()).toMatchObject({
      dataset: 'd2',
      templates: ['Mine: {question}']
    });
  });

  it('takes the rows of a search, as long as there is one', () => {
    take({ search: { words: 'soup', source: 'x', found: 4 } });
    expect([form.which, form.count]).toEqual(['found', 4]);
    expect(form.request()?.rows).toEqual({
      search: 'soup',
      source: 'x',
      first: null
    });
    take();
    expect([form.which, form.count]).toEqual(['all', 12]);
    form.change({ which: 'first', first: 5 });
    expect(form.count).toBe(5);
    expect(form.request()?.rows?.first).toBe(5);
  });

  it('makes a batch of each pair of a model and a version', () => {
    take();
    form.change({ prompts: 'template', second: 'B {question}', other: 'nano' });
    // There is no such model.
    expect([form.other, form.batches]).toEqual([null, 2]);
    expect(form.request()).toMatchObject({
      models: ['demo'],
      templates: ['{question}', 'B {question}']
    });
  });

  it('keeps its model when the panel takes another one', async () => {
    scenario.client.models = async () => ({
      models: [
        fakeModel({ name: 'demo', state: 'ready' }),
        fakeModel({ name: 'nano', state: 'ready' })
      ],
      found: [],
      known: [],
      memory: null
    });
    await scenario.session.service.refresh();
    take();
    form.keepModel();
    scenario.session.model = 'nano';
    expect(scenario.session.model).toBe('nano');
    expect(form.model).toBe('demo');
  });

  it('says what is missing', () => {
    expect(form.fault).toContain('Open a dataset');
    expect(form.request()).toBeNull();
    take({ rows: 0 });
    expect(form.fault).toContain('no rows');
    take();
    form.change({ prompts: 'template', template: ' ' });
    expect(form.fault).toContain('empty');
    form.change({ template: 'A {question}', second: 'A {question}' });
    expect(form.fault).toContain('the same');
    form.change({ second: null });
    form.addCheck();
    expect(form.fault).toContain('check');
    expect(form.request()).toBeNull();
    const [{ key }] = form.choices.checks;
    form.changeCheck(key, { value: 'Paris' });
    expect(form.request()?.checks).toEqual([{ contains: 'Paris' }]);
    form.changeCheck(key, null);
    expect(form.request()?.checks).toEqual([]);
  });

  it('runs nothing for a user who may only read', async () => {
    take();
    scenario.client.allowed = ['read'];
    await scenario.session.service.refresh();
    expect(form.fault).toContain('only lets you read');
  });
});
