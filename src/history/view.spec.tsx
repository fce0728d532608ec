import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import type { RunInfo } from '../api';
import { CompareLauncher } from '../compare/launcher';
import { PanelContext } from '../components/context';
import { FakeClient } from '../session/fakes';
import { Session } from '../session/session';
import type { DeletionPhase } from './deletions';
import type { HistoryModel } from './model';
import { HistoryView } from './view';

const trans = nullTranslator.load('lit_lab');
const DAY = 86_400;

function run(id: string, created: number, fields: Partial<RunInfo> = {}) {
  return {
    id,
    created,
    model: 'demo',
    origin: { document: 'a/n.ipynb', place: ['cell 2'] },
    title: '',
    starred: false,
    prompt: 'Suggestion: soup',
    prompt_end: '',
    answer: ` <b>answer</b>\n${id}`,
    answer_end: '',
    scores: 3,
    forced_answer: false,
    num_turns: 0,
    partial: null,
    ...fields
  };
}

function titled(title: string): Partial<RunInfo> {
  return { title };
}

/** What the view needs of the model, noting what is called. */
class FakeModel {
  readonly changed = new Signal<this, void>(this);
  readonly calls: unknown[][] = [];
  runs: RunInfo[] = [];
  total = 0;
  documents: string[] = [];
  query = '';
  document: string | null = null;
  starred = false;
  shown: string | null = null;
  isLoaded = false;
  loadingSince: number | null = null;
  problem = null;
  isOff = false;

  load = async () => void this.calls.push(['load']);
  more = async () => void this.calls.push(['more']);
  open = async (info: RunInfo) => void this.calls.push(['open', info.id]);
  star = async (info: RunInfo) => void this.calls.push(['star', info.id]);
  readonly doomed = new Set<string>();
  get count() {
    return this.runs.length - this.doomed.size;
  }
  phase: DeletionPhase = 'undoable';
  deletion = (info: RunInfo) => (this.doomed.has(info.id) ? this.phase : null);
  delete = (info: RunInfo) => {
    this.doomed.add(info.id);
    this.changed.emit();
  };
  undo = (info: RunInfo) => {
    this.doomed.delete(info.id);
    this.changed.emit();
  };
  rename = async (info: RunInfo, title: string) =>
    void this.calls.push(['rename', info.id, title]);
}

describe('history/view', () => {
  let host: HTMLElement;
  let root: Root;
  let model: FakeModel;
  let cleared: number;
  let shared: [string, string][];
  let compare: CompareLauncher;
  let session: Session;

  beforeEach(() => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    Element.prototype.scrollIntoView = () => undefined;
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    model = new FakeModel();
    cleared = 0;
    shared = [];
    const client = new FakeClient();
    session = new Session(client, trans);
    compare = new CompareLauncher(client, session, () => undefined, trans);
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
    compare.dispose();
    session.dispose();
  });

  async function draw(remark = '', isShown = true): Promise<void> {
    await act(async () => {
      root.render(
        <PanelContext
          value={{
            trans,
            showLog: () => undefined,
            openMenu: () => undefined
          }}
        >
          <HistoryView
            model={model as unknown as HistoryModel}
            trans={trans}
            remark={remark}
            onShare={(run, anchor) => shared.push([run.id, anchor.title])}
            onClear={() => cleared++}
            compare={compare}
            isShown={isShown}
          />
        </PanelContext>
      );
    });
  }

  async function open(runs: RunInfo[], total = runs.length): Promise<void> {
    model.runs = runs;
    model.total = total;
    model.isLoaded = true;
    await draw();
  }

  /** @param detail - which click in a row it is. */
  async function click(element: Element, detail = 1): Promise<void> {
    await act(async () => {
      element.dispatchEvent(new MouseEvent('click', { bubbles: true, detail }));
    });
  }

  function button(name: string | RegExp): HTMLElement {
    const found = [...host.querySelectorAll<HTMLElement>('button')].find(
      element => {
        const said = element.getAttribute('aria-label') ?? element.textContent;
        return typeof name === 'string' ? said === name : name.test(said ?? '');
      }
    );
    if (!found) {
      throw new Error(`no button ${name}`);
    }
    return found;
  }

  it('asks for nothing before it is opened, and once then', async () => {
    await draw('', false);
    expect(model.calls).toEqual([]);
    await draw();
    expect(model.calls).toEqual([['load']]);
  });

  it('shows texts as texts, in days', async () => {
    const now = Date.now() / 1000;
    await open([run('a', now), run('b', now - DAY), run('c', now - 40 * DAY)]);
    expect(host.querySelector('b')).toBeNull();
    expect(host.textContent).toContain('<b>answer</b> a');
    const days = [...host.querySelectorAll('[role="group"]')].map(group =>
      group.getAttribute('aria-label')
    );
    expect(days).toHaveLength(3);
    expect(days.slice(0, 2)).toEqual(['Today', 'Yesterday']);
    expect(host.textContent).toContain('n.ipynb · cell 2 · demo · 3 maps');
  });

  it('names runs by what sets them apart', async () => {
    const same = ' He likes soup. There is nothing that he could not eat.';
    const prompt = 'Be brief, be polite, and be quick: ';
    await open([
      run('a', 3, { answer: `${same} Try it.`, prompt: `${prompt}soup` }),
      run('b', 2, { answer: `${same} Avoid it.` }),
      run('c', 1, { answer: `${same} Try it.`, prompt: `${prompt}bread` })
    ]);
    const names = [...host.querySelectorAll('.lit-kept-name')].map(
      element => element.textContent
    );
    expect(names[0]).toMatch(/^He likes … .*Try it\.$/);
    expect(names[1]).toMatch(/^He likes … .*Avoid it\.$/);
    const about = [...host.querySelectorAll('.lit-kept-about')].map(
      element => element.textContent
    );
    expect(about[0]).toMatch(/^after “Be … .*soup” · /);
    expect(about[1]).toMatch(/^n\.ipynb/);
    expect(about[2]).toMatch(/^after “Be … .*bread” · /);
    expect(button(/^Delete He likes … .*Avoid it\.$/)).toBeDefined();
  });

  it('opens and stars', async () => {
    await open([run('a', 1), run('b', 2, titled('Mine'))]);
    await click(host.querySelectorAll('.lit-row')[1]);
    await click(button('Star Mine'));
    expect(model.calls).toEqual([
      ['open', 'b'],
      ['star', 'b']
    ]);
  });

  it('deletes one run on a double click, and brings it back', async () => {
    const mine = run('b', 2, titled('Mine'));
    await open([run('a', 1), mine]);
    await click(button('Delete Mine'));
    expect(host.textContent).toContain('Deleted: Mine');
    const undo = button('Undo: bring Mine back');
    expect(document.activeElement).toBe(undo);
    // The second click of a double click does nothing, wherever it falls.
    await click(undo, 2);
    await click(button(/^Delete <b>/), 2);
    await click(host.querySelector('.lit-row')!, 2);
    expect([...model.doomed]).toEqual(['b']);
    expect(model.calls).toEqual([]);
    await click(undo);
    expect(model.doomed.size).toBe(0);
    expect(document.activeElement?.textContent).toContain('Mine');
  });

  it('deletes with the key on a row, and brings it back with Enter on Undo', async () => {
    await open([run('a', 1), run('b', 2, titled('Mine'))]);
    const row = host.querySelectorAll<HTMLElement>('.lit-row')[1];
    act(() => row.focus());
    const press = (element: Element) =>
      act(async () => {
        element.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Delete', bubbles: true })
        );
      });
    // On a tool of the row it deletes nothing.
    await press(button('Rename Mine'));
    expect(model.doomed.size).toBe(0);
    await press(row);
    expect([...model.doomed]).toEqual(['b']);
    const undo = button('Undo: bring Mine back');
    expect(document.activeElement).toBe(undo);
    // What Enter does on a button: a click without a pointer.
    await click(undo, 0);
    expect(model.doomed.size).toBe(0);
    expect(document.activeElement?.textContent).toContain('Mine');
  });

  it('moves the focus from Undo to the next run when it is too late for it', async () => {
    const mine = run('b', 2, titled('Mine'));
    await open([run('a', 1), mine, run('c', 3, titled('Last'))]);
    for (const [name, next] of [
      ['Mine', 'Last'],
      ['Last', '<b>answer</b> a'],
      ['<b>answer</b> a', 'History']
    ]) {
      model.phase = 'undoable';
      await click(button(`Delete ${name}`));
      model.phase = 'deleting';
      await act(async () => model.changed.emit());
      expect(document.activeElement?.textContent).toContain(next);
    }
  });

  it('leaves the focus where the user has put it when it is too late for Undo', async () => {
    await open([run('a', 1), run('b', 2)]);
    await click(button(/^Delete <b>/));
    const search = host.querySelector<HTMLInputElement>('input')!;
    search.focus();
    model.phase = 'deleting';
    await act(async () => model.changed.emit());
    expect(document.activeElement).toBe(search);
  });

  it('leaves the focus where it is when a deletion fails', async () => {
    await open([run('a', 1), run('b', 2)]);
    await click(button(/^Delete <b>/));
    model.phase = 'deleting';
    await act(async () => model.changed.emit());
    const search = host.querySelector<HTMLInputElement>('input')!;
    search.focus();
    await act(async () => model.undo(model.runs[0]));
    expect(host.textContent).not.toContain('Deleted:');
    expect(document.activeElement).toBe(search);
  });

  it('says which runs have no whole answer', async () => {
    await open([
      run('a', 1, { partial: 'stopped' }),
      run('b', 2, { partial: 'broke_off' })
    ]);
    const about = [...host.querySelectorAll('.lit-kept-about')].map(
      element => element.textContent
    );
    expect(about[0]).toContain(' · stopped · ');
    expect(about[1]).toContain(' · broke off · ');
  });

  it('offers what can be done with a run', async () => {
    await open([run('a', 1), run('b', 2, titled('Mine'))]);
    await click(button('Share Mine'));
    expect(shared).toEqual([['b', 'Share']]);
  });

  it('takes a name on Enter, and none on Escape', async () => {
    await open([run('a', 1, titled('Old'))]);
    for (const [key, name] of [
      ['Escape', 'Not this'],
      ['Enter', 'New']
    ]) {
      await click(button('Rename Old'));
      const field = host.querySelector<HTMLInputElement>('.lit-kept-title')!;
      field.focus();
      field.value = name;
      await act(async () => {
        field.dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true })
        );
      });
    }
    expect(model.calls).toEqual([['rename', 'a', 'New']]);
  });

  it('moves with the arrows, one stop of Tab', async () => {
    await open([run('a', 2), run('b', 1), run('c', 0)]);
    const rows = [...host.querySelectorAll<HTMLElement>('.lit-row')];
    expect(rows.map(row => row.tabIndex)).toEqual([0, -1, -1]);
    rows[0].focus();
    for (const [key, at] of [
      ['ArrowDown', 1],
      ['End', 2],
      ['ArrowDown', 2],
      ['ArrowUp', 1],
      ['Home', 0]
    ] as const) {
      await act(async () => {
        document.activeElement!.dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true })
        );
      });
      expect(document.activeElement).toBe(rows[at]);
    }
  });

  it('says what there is no more of, and offers more', async () => {
    await open([run('a', 1)], 7);
    await click(button('Show more (1 of 7)'));
    expect(model.calls).toEqual([['more']]);
    await click(button('Delete all…'));
    expect(cleared).toBe(1);
  });

  it('tells what is missing', async () => {
    await open([]);
    expect(host.textContent).toContain('Each answer will be stored here');
    model.query = 'nothing';
    await act(async () => model.changed.emit());
    expect(host.textContent).toContain('No matching runs.');
    model.isOff = true;
    await act(async () => model.changed.emit());
    expect(host.textContent).toContain('c.LitLab.history is off');
    await draw('The disk is full.');
    expect(host.textContent).toContain('The disk is full.');
  });

  it('lists again when what waited to be stored may be', async () => {
    await open([]);
    expect(model.calls).toEqual([]);
    await draw('The disk is full. 1 result waits to be stored.');
    await draw('The disk is full. 1 result waits to be stored.');
    await draw();
    expect(model.calls).toEqual([['load'], ['load']]);
  });
});
