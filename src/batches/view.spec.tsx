import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React, { act } from 'react';

import { ApiError } from '../api';
import { Stage, typeInto } from '../components/fixtures';
import { settle } from '../session/fakes';
import { Scenario } from '../session/scenario';
import {
  fakeAnswer,
  FakeBatches,
  PARTS,
  fakeBatch,
  fakeDataset,
  fakeRows
} from './fakes';
import { BatchForm } from './form';
import { BatchesModel } from './model';
import { BatchesView } from './view';

const trans = nullTranslator.load('lit_lab');

describe('batches/view', () => {
  let scenario: Scenario;
  let server: FakeBatches;
  let model: BatchesModel;
  let form: BatchForm;
  let stage: Stage;
  let opened: [string, number][];

  beforeEach(async () => {
    scenario = await Scenario.begin();
    server = new FakeBatches();
    server.rows = fakeRows(3);
    model = new BatchesModel(server.client, trans);
    form = new BatchForm(scenario.session, trans);
    stage = new Stage();
    opened = [];
    stage.draw(
      <BatchesView
        form={form}
        model={model}
        onOpen={({ id }, row) => opened.push([id, row])}
        onRestart={() => undefined}
      />
    );
  });

  afterEach(() => {
    stage.dispose();
    model.dispose();
    form.dispose();
    scenario.session.dispose();
  });

  /** List the server's batches, and show the first. */
  async function show(): Promise<void> {
    await act(async () => {
      await model.load();
      if (model.batches.length > 0) {
        model.show(model.batches[0].id);
      }
      await settle();
    });
  }

  async function press(target: Element, key: string): Promise<void> {
    await act(async () => {
      target.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true })
      );
      await settle();
    });
  }

  const text = () => stage.host.textContent ?? '';

  it('says where to begin without a dataset, and that there are no batches', async () => {
    await show();
    expect(text()).toContain('open a dataset in the side panel');
    expect(text()).toContain('There are no batches yet.');
  });

  it('starts what the form says', async () => {
    const changed = new Signal<object, void>({});
    server.batches = [fakeBatch()];
    act(() => form.take(fakeDataset(changed)));
    await stage.click('Template');
    const template = stage.host.querySelector('textarea')!;
    expect(template.value).toBe('{question}');
    await typeInto(template, 'Answer. {question}');
    await stage.click('Add a check');
    expect(stage.button('Run 12 rows')?.disabled).toBe(true);
    expect(text()).toContain('A check is incomplete.');
    const value = stage.host.querySelector<HTMLInputElement>(
      '[aria-label="Check 1: what is expected"]'
    )!;
    await typeInto(value, 'Paris');
    await stage.click('Remove check 1');
    expect(document.activeElement).toBe(stage.button('Add a check'));
    await stage.click('Add a check');
    await typeInto(
      stage.host.querySelector<HTMLInputElement>(
        '[aria-label="Check 1: what is expected"]'
      )!,
      'Paris'
    );
    await stage.click('Run 12 rows');
    expect(document.activeElement?.className).toBe('lit-batch-title');
    expect(server.started).toHaveLength(1);
    expect(server.started[0]).toMatchObject({
      templates: ['Answer. {question}'],
      checks: [{ contains: 'Paris' }]
    });
    expect(text()).toContain('1 of 3 rows');
  });

  it('shows why a request is refused', async () => {
    const changed = new Signal<object, void>({});
    act(() => form.take(fakeDataset(changed)));
    server.failure = new ApiError(
      { error: 'batch_invalid', message: 'No such column.', hint: 'Look.' },
      422
    );
    await stage.click('Run 12 rows');
    expect(stage.host.querySelector('[role="alert"]')?.textContent).toContain(
      'No such column.'
    );
  });

  it('shows answers and checks in words, and markup as text', async () => {
    server.batches = [
      fakeBatch({
        state: 'done',
        done: 3,
        failed: 1,
        checks: [{ name: 'contains Paris', passed: 1, rows: 2 }]
      })
    ];
    server.rows = fakeRows(3, row => ({
      found: fakeAnswer({
        answer: '<b>Rome</b>',
        error: row === 2 ? 'Too long.' : '',
        checks: [{ name: 'contains Paris', passed: row === 0, message: 'No.' }]
      })
    }));
    await show();
    expect(stage.host.querySelector('b')).toBeNull();
    expect(text()).toContain('<b>Rome</b>');
    expect(text()).toContain('1 of 2 (50%)');
    expect(text()).toContain('contains Paris: passed.');
    expect(text()).toContain('contains Paris: not passed. No.');
    expect(text()).toContain('Failed: Too long.');
    expect(stage.button('Try the failed rows again')).toBeDefined();
    expect(stage.button('Stop')).toBeUndefined();
  });

  it('opens rows by the keyboard; the table is one stop of Tab', async () => {
    server.batches = [fakeBatch()];
    await show();
    const rows = [...stage.host.querySelectorAll<HTMLElement>('[data-row]')];
    expect(rows.map(row => row.tabIndex)).toEqual([0, -1, -1]);
    await press(rows[0], 'End');
    expect(document.activeElement).toBe(rows[2]);
    await act(async () => rows[2].click());
    expect(opened).toEqual([['b1', 2]]);
  });

  it('keeps the place in the rows while others come above', async () => {
    server.batches = [fakeBatch()];
    server.rows = fakeRows(3, row => ({ found: row ? fakeAnswer() : null }));
    await show();
    const row = () => stage.host.querySelector<HTMLElement>('[data-row="2"]')!;
    await act(async () => row().focus());
    server.rows = fakeRows(4, i => ({ row: i === 0 ? 7 : i - 1 }));
    await act(async () => {
      model.table.refresh();
      await settle();
    });
    expect(row().tabIndex).toBe(0);
    expect(document.activeElement).toBe(row());
    await press(row(), 'ArrowUp');
    expect(document.activeElement?.getAttribute('data-row')).toBe('1');
  });

  it('keeps the place in the heatmap while parts and rows come', async () => {
    server.batches = [fakeBatch()];
    await show();
    await stage.click('What matters over rows');
    const cell = (at: string) =>
      stage.host.querySelector<SVGElement>(`[data-cell="${at}"]`)!;
    await press(cell('1:1'), 'ArrowRight');
    expect(cell('1:2').getAttribute('tabindex')).toBe('0');
    server.parts = {
      ...PARTS,
      rows: [7, ...PARTS.rows],
      parts: [...PARTS.parts].reverse().map(part => ({
        ...part,
        cells: [0, ...part.cells]
      }))
    };
    await act(async () => {
      model.parts.refresh();
      await settle();
    });
    expect(cell('0:3').getAttribute('tabindex')).toBe('0');
    await press(cell('0:3'), 'Enter');
    expect(opened).toEqual([['b1', 2]]);
  });

  it('announces what changed sides only when both batches end', async () => {
    server.batches = [
      fakeBatch({ state: 'done' }),
      fakeBatch({ id: 'b2', model: 'nano' })
    ];
    server.changes = { broken: 2, fixed: 1, answer: 5 };
    const live = () =>
      [...stage.host.querySelectorAll('[role="status"]')]
        .map(one => one.textContent)
        .join();
    await show();
    expect(text()).toContain('2 broken, 1 fixed');
    expect(live()).not.toContain('2 broken');
    server.set('b2', { state: 'done' });
    await show();
    expect(live()).toContain('2 broken, 1 fixed');
  });

  it('says that no answer is checked yet', async () => {
    server.batches = [fakeBatch()];
    server.rows = [];
    await show();
    await stage.click('Unexpected');
    expect(text()).toContain('No answer has been checked yet.');
  });

  it('has what changed sides beside each other', async () => {
    server.batches = [
      fakeBatch({ state: 'done' }),
      fakeBatch({ id: 'b2', model: 'nano', state: 'done' })
    ];
    server.changes = { broken: 2, fixed: 1, answer: 5 };
    server.rows = fakeRows(2, row => ({
      other: fakeAnswer({ answer: 'Lyon' }),
      change: row === 0 ? 'broken' : 'answer'
    }));
    await show();
    expect(text()).toContain('2 broken, 1 fixed, 5 answers differ');
    expect(text()).toContain('Other answer: nano');
    expect(
      stage.host.querySelector('[data-change="broken"]')?.textContent
    ).toContain('Lyon');
  });

  it('stops, and asks before it deletes', async () => {
    server.batches = [fakeBatch()];
    await show();
    await stage.click('Stop');
    expect(server.count('stop b1')).toBe(1);
    expect(document.activeElement).toBe(stage.button('Go on'));
    await act(async () => {
      server.set('b1', { state: 'done', done: 3 });
      await model.load();
    });
    expect(stage.button('Go on')).toBeUndefined();
    expect(document.activeElement?.className).toBe('lit-batch-title');
    await stage.click('Delete…');
    expect(server.count('delete b1')).toBe(0);
    await stage.click('Keep');
    expect(document.activeElement).toBe(stage.button('Delete…'));
    await stage.click('Delete…');
    await stage.click('Delete all its answers');
    expect(server.count('delete b1')).toBe(1);
    expect(document.activeElement?.textContent).toBe('Batches');
    expect(text()).toContain('There are no batches yet.');
  });

  it('saves a file with a button of its own for each format', async () => {
    server.batches = [fakeBatch()];
    await show();
    server.failure = new ApiError(
      { error: 'no_pyarrow', message: 'No pyarrow.', hint: '' },
      422
    );
    await stage.click('Save as Parquet');
    expect(server.count('export b1 parquet')).toBe(1);
    expect(text()).toContain('No pyarrow.');
    // It would list the batches.
    expect(stage.button('Retry')).toBeUndefined();
  });

  it('ranks parts, marks those that do nothing, and opens outliers', async () => {
    server.batches = [fakeBatch({ state: 'done', done: 3, noise: 'done' })];
    await show();
    await stage.click('What matters over rows');
    expect(text()).toContain('1 part does nothing.');
    const [first, second] = stage.host.querySelectorAll('.lit-ranking > li');
    expect(first.textContent).toContain('+0.400');
    expect(first.querySelector('.lit-nothing')).toBeNull();
    expect(second.textContent).toContain('<b>Be kind.</b>');
    expect(second.querySelector('.lit-nothing')).not.toBeNull();
    await act(async () =>
      first.querySelector<HTMLElement>('.lit-link')!.click()
    );
    expect(opened).toEqual([['b1', 2]]);
  });

  it('moves through the heatmap by keys; Enter opens the row', async () => {
    server.batches = [fakeBatch({ state: 'done', done: 3 })];
    await show();
    await stage.click('What matters over rows');
    const grid = stage.host.querySelector('[role="grid"]')!;
    const cell = (at: string) => grid.querySelector(`[data-cell="${at}"]`)!;
    expect(grid.querySelectorAll('[tabindex="0"]')).toHaveLength(1);
    await press(cell('0:0'), 'ArrowDown');
    await press(cell('1:0'), 'ArrowRight');
    expect(cell('1:1').getAttribute('tabindex')).toBe('0');
    expect(cell('1:1').getAttribute('aria-label')).toBe(
      'Row 2, “<b>Be kind.</b>”: not in this row'
    );
    expect(cell('0:2').getAttribute('aria-label')).toBe(
      'Row 3, “Answer in JSON.”: +0.600 nats per token'
    );
    await press(cell('1:1'), 'Enter');
    expect(opened).toEqual([['b1', 1]]);
  });

  it('has the same figures as tables', async () => {
    server.batches = [fakeBatch({ state: 'done', done: 3 })];
    await show();
    await stage.click('What matters over rows');
    await stage.click('As a table');
    expect(stage.host.querySelector('svg[role="grid"]')).toBeNull();
    const tables = [...stage.host.querySelectorAll('table')];
    const [ranking, figures] = tables.map(table => table.textContent);
    expect(ranking).toContain('+0.200 to +0.600');
    expect(figures).toContain('−0.010');
  });

  it('says how many rows it takes to know what does nothing', async () => {
    server.batches = [fakeBatch({ state: 'done', done: 3, noise: 'done' })];
    server.parts = {
      ...PARTS,
      parts: PARTS.parts.map(part => ({ ...part, nothing: null }))
    };
    await show();
    await stage.click('What matters over rows');
    expect(text()).toContain('At least 20 rows are needed');
  });

  it('finds what does nothing on request, and can stop', async () => {
    server.batches = [fakeBatch({ state: 'done', done: 3 })];
    await show();
    await stage.click('What matters over rows');
    await stage.click('Find what does nothing');
    expect(server.count('noise b1')).toBe(1);
    expect(text()).toContain('1 of 20 rows');
    const live = [...stage.host.querySelectorAll('[role="status"]')];
    expect(live.map(one => one.textContent).join()).not.toContain('20 rows');
    expect(document.activeElement).toBe(stage.button('Stop the search'));
    expect(stage.button('Stop the search')).toBeDefined();
  });

  it('says why there are no parts', async () => {
    server.batches = [fakeBatch({ template: '', prompt: 'question' })];
    server.parts = {
      parts: [],
      kind: 'none',
      rows: [],
      reason: 'The prompts are a column.'
    };
    await show();
    await stage.click('What matters over rows');
    expect(text()).toContain('The prompts are a column.');
    expect(stage.button('Find what does nothing')).toBeUndefined();
  });
});
