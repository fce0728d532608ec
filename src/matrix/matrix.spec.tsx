import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { PanelContext } from '../components/context';
import { sendEffects } from '../session/effectFakes';
import { FakeClient, FakeSource, settle } from '../session/fakes';
import { cutText } from '../session/runText';
import { Session } from '../session/session';
import { DEFAULT_SETTINGS } from '../session/settings';
import { spoken } from './figures';
import { MatrixModel } from './model';
import { makeTable } from './table';
import { MatrixView } from './view';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief. Be <b>kind</b>.\nAnalysis:';
const ANSWER = ' It has onions. You may like it.\nRecommendation: Avoid.';

describe('matrix', () => {
  let client: FakeClient;
  let session: Session;
  let model: MatrixModel;
  let host: HTMLElement;
  let root: Root;

  beforeEach(async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    Element.prototype.scrollIntoView = () => undefined;
    client = new FakeClient();
    session = new Session(client, trans);
    await session.service.refresh();
    session.open(new FakeSource(PROMPT));
    const running = session.runs.generate();
    await settle();
    client.last.answer(PROMPT, ANSWER);
    await running;
    await settle();
    model = new MatrixModel(session);
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
    model.dispose();
    session.dispose();
  });

  const show = () =>
    act(async () => {
      root.render(
        <PanelContext
          value={{
            trans,
            showLog: () => undefined,
            openMenu: () => undefined
          }}
        >
          <MatrixView model={model} onRestart={() => undefined} />
        </PanelContext>
      );
      await settle();
    });
  const compute = async () => {
    client.last.scores(0, 1, 2);
    client.last.send({ event: 'done', seconds: 1 });
    await act(settle);
  };
  const cells = () => [
    ...host.querySelectorAll<HTMLElement>('[role="gridcell"]')
  ];
  const press = (key: string, init: KeyboardEventInit = {}) =>
    act(async () => {
      document.activeElement!.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, ...init })
      );
      await settle();
    });

  it('has a row for each sentence of the answer, and what stands before it', async () => {
    await compute();
    const table = model.table!;
    expect(table.rows.map(row => row.text)).toEqual([
      'It has onions.',
      'You may like it.',
      'Recommendation: Avoid.'
    ]);
    expect(table.columns.map(({ text, isAnswer }) => [text, isAnswer])).toEqual(
      [
        ['Be brief.', false],
        ['Be <b>kind</b>.', false],
        ['Analysis:', false],
        ['It has onions.', true],
        ['You may like it.', true]
      ]
    );
    expect(
      table.rows.map(row => row.cells!.map(cell => cell !== null))
    ).toEqual([
      [true, true, true, false, false],
      [true, true, true, true, false],
      [true, true, true, true, true]
    ]);
    // Each row adds up to all of it, and all rows to the whole.
    for (const row of table.rows) {
      expect(sum(row.cells!.map(cell => cell?.part ?? 0))).toBeCloseTo(1);
    }
    expect(sum(table.rows.map(row => row.total!))).toBeCloseTo(1);
    expect(sum(table.columns.map(column => column.total!))).toBeCloseTo(1);
  });

  it('says on which line each row and column begins', async () => {
    await show();
    await compute();
    const lines = (selector: string) =>
      [...host.querySelectorAll(selector)].map(head => [
        head.querySelector('.lit-matrix-line')?.textContent?.trim(),
        head.querySelector('.lit-matrix-line')?.getAttribute('aria-label')
      ]);
    expect(lines('.lit-matrix-column').map(([line]) => line)).toEqual([
      '1',
      '1',
      '2',
      '2',
      '2'
    ]);
    expect(lines('tbody .lit-matrix-row')[2]).toEqual(['3', 'line 3']);
  });

  it('puts all on one scale, where rows and columns add up', async () => {
    await compute();
    model.scale = 'all';
    const { rows, columns } = model.table!;
    for (const row of rows) {
      const parts = row.cells!.map(cell => cell?.part ?? 0);
      expect(sum(parts)).toBeCloseTo(row.total!);
    }
    columns.forEach((column, i) => {
      const parts = rows.map(row => row.cells![i]?.part ?? 0);
      expect(sum(parts)).toBeCloseTo(column.total!);
    });
    const weights = rows.flatMap(row => row.cells!.map(c => c?.weight ?? 0));
    expect(weights.filter(weight => weight === 1)).toHaveLength(1);
  });

  it('shows effects in place of shares, without a request', async () => {
    await compute();
    await show();
    expect(model.hasEffects).toBe(false);
    await act(async () => {
      session.explanation.effects!.start();
      await settle();
      sendEffects(client.last, [0.2, 1.5, -0.05, 0.3, 0]);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    });
    const count = client.jobs.length;
    const texts = () => cells().map(({ textContent }) => textContent);
    // By how many points the probability per token, 90%, falls.
    expect(texts().slice(0, 5)).toEqual(['16', '70', '−5', '', '']);
    expect(texts().slice(5, 10)).toEqual(['16', '70', '−5', '23', '']);
    expect(texts().slice(10, 15)).toEqual(['16', '70', '−5', '23', '·']);
    expect(cells()[1].getAttribute('aria-label')).toBe('70 points');
    expect(spoken(0.012, true, trans)).toBe('1 point');
    expect(cells()[2].dataset.sign).toBe('negative');
    expect(cells()[3].getAttribute('aria-label')).toBe('the sentence itself');
    expect(host.querySelector('.lit-matrix-details')!.textContent).toContain(
      'from 90% to 74%'
    );
    const [row] = host.querySelectorAll('tbody tr');
    expect(row.querySelector('.lit-matrix-total')!.textContent).toBe('90%');
    const choose = (name: string) =>
      act(async () => {
        [...host.querySelectorAll<HTMLElement>('[role="radio"]')]
          .find(({ textContent }) => textContent === name)!
          .click();
        await settle();
      });
    await choose('Share');
    expect(model.table!.by).toBe('share');
    expect(texts()[1]).not.toBe('70');
    await choose('Effect');
    expect(texts()[1]).toBe('70');
    expect(client.jobs).toHaveLength(count);
  });

  it('keeps the sign of a signed method, and weighs by size', () => {
    const text = cutText(session.runs.shown!, 'sentences', null);
    const table = makeTable(
      text,
      () => text.tokens.map((_, i) => (i < 3 ? 1 : -1)),
      { ...DEFAULT_SETTINGS, method: 'grad_dot_input', aggregation: 'sum' },
      'row'
    );
    // Of the loss: what raises it is against.
    expect(table.rows[0].cells![0]!.weight).toBeLessThan(0);
    expect(table.rows[0].cells![2]!.weight).toBeGreaterThan(0);
    expect(table.rows[0].cells!.every(c => c === null || c.part >= 0)).toBe(
      true
    );
  });

  it('says what it waits for, and asks for what is missing', async () => {
    await show();
    expect(host.textContent).toContain('Computing salience');
    expect(cells().every(cell => cell.dataset.state === 'unknown')).toBe(true);
    await compute();
    expect(host.textContent).not.toContain('Computing salience');
    expect(cells()[0].textContent).not.toBe('');
    expect(host.querySelector('b')).toBeNull();
  });

  it('is a grid in which arrows move, and Enter explains', async () => {
    await compute();
    await show();
    const stops = () => cells().filter(cell => cell.tabIndex === 0);
    expect(stops()).toEqual([cells()[0]]);
    act(() => cells()[0].focus());
    await press('ArrowDown');
    await press('End');
    expect(document.activeElement).toBe(cells()[9]);
    expect(cells()[9].getAttribute('aria-label')).toBe('the sentence itself');
    await press('Home');
    await press('ArrowRight');
    expect(document.activeElement).toBe(cells()[6]);
    expect(stops()).toEqual([cells()[6]]);
    const note = host.querySelector('[role="note"]')!;
    expect(note.textContent).toContain('You may like it.');
    expect(note.textContent).toContain('Be <b>kind</b>.');
    expect(note.textContent).toMatch(/rank \d of 4/);
    const revealed: number[] = [];
    session.revealed.connect((_, token) => revealed.push(token));
    await press('Enter');
    expect(session.explanation.target).toEqual(model.table!.rows[1].span);
    expect(revealed).toEqual([model.table!.columns[1].span[0]]);
    await press('Home', { ctrlKey: true });
    expect(document.activeElement).toBe(cells()[0]);
  });

  it('explains by a click', async () => {
    await compute();
    await show();
    await act(async () => cells()[5].click());
    expect(session.explanation.target).toEqual(model.table!.rows[1].span);
  });

  it('takes what a costly method has computed, and computes the others when asked', async () => {
    await compute();
    session.settings = {
      ...session.settings,
      method: 'integrated_gradients'
    };
    await show();
    const started = client.jobs.length;
    expect(host.textContent).toContain('0 of 3 are computed');
    expect(cells().every(cell => cell.dataset.state === 'unknown')).toBe(true);
    const press = (name: string) =>
      act(async () => {
        [...host.querySelectorAll('button')]
          .find(button => button.textContent === name)!
          .click();
        await settle();
      });
    const finish = async () => {
      const { request } = client.last;
      const [target] = 'targets' in request ? request.targets : [];
      client.last.send({
        event: 'scores',
        target,
        method: 'integrated_gradients',
        scores: session.explanation.text!.tokens.map((_, i) => -i),
        gap: 0,
        foil: null
      });
      client.last.send({ event: 'done', seconds: 1 });
      await act(settle);
    };
    await press('Compute all');
    expect(client.jobs).toHaveLength(started + 1);
    await finish();
    // One at a time: the next one has begun.
    expect(client.jobs).toHaveLength(started + 2);
    expect(host.querySelector('progress')!.value).toBe(1);
    expect(model.table!.rows[0].cells![0]!.weight).toBeGreaterThanOrEqual(0);
    await press('Cancel');
    expect(host.textContent).toContain('1 of 3 are computed');
    await press('Compute the others');
    await finish();
    await finish();
    expect(model.filling).toBeNull();
    expect(model.table!.isComplete).toBe(true);
  });

  it('says what to do where there is no answer', async () => {
    const empty = new Session(new FakeClient(), trans);
    model = new MatrixModel(empty);
    await show();
    expect(host.textContent).toContain('Run a prompt');
    empty.dispose();
  });
});

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
