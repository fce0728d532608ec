import { YNotebook } from '@jupyter/ydoc';
import type { INotebookTracker } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';

import { insertOutput } from './insert';

const trans = nullTranslator.load('lit_lab');
const DATA = { 'text/plain': 'It.' };

/** What inserting needs of a notebook's panel. */
function open(path: string, readOnly = false, writable = true) {
  const shared = new YNotebook();
  for (const source of ['a', 'b', 'c']) {
    shared.insertCell(shared.cells.length, { cell_type: 'code', source });
  }
  shared.undoManager.clear();
  return {
    context: { path, ready: Promise.resolve(), contentsModel: { writable } },
    content: {
      model: { readOnly, sharedModel: shared, cells: shared.cells },
      activeCellIndex: 2,
      scrollToItem: async () => undefined
    },
    shared
  };
}

function trackerOf(...panels: ReturnType<typeof open>[]): INotebookTracker {
  return {
    find: (wanted: (panel: unknown) => boolean) => panels.find(wanted),
    currentWidget: panels[0] ?? null
  } as unknown as INotebookTracker;
}

describe('export/insert', () => {
  beforeEach(() => {
    // Yjs warns of cells that are made before they are in a notebook.
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
  });

  afterEach(() => jest.restoreAllMocks());

  it('goes below the prompt’s cell, and is undone as a whole', async () => {
    const [front, home] = [open('front.ipynb'), open('home.ipynb')];
    const cellId = home.shared.cells[0].getId();
    const link = { path: 'home.ipynb', cellId };
    const done = await insertOutput(trackerOf(front, home), link, DATA, trans);
    expect(done).toMatchObject({ after: 0 });
    const { cells } = home.shared;
    expect(cells.map(cell => cell.getSource())).toEqual(['a', '', 'b', 'c']);
    expect(cells[1].toJSON()).toMatchObject({
      cell_type: 'code',
      execution_count: null,
      outputs: [{ output_type: 'display_data', data: DATA }]
    });
    expect(front.shared.cells).toHaveLength(3);
    home.shared.undo();
    expect(home.shared.cells).toHaveLength(3);
  });

  it('goes below the active cell where the prompt’s is gone', async () => {
    const panel = open('a.ipynb');
    for (const link of [null, { path: 'closed.ipynb', cellId: 'x' }]) {
      panel.content.activeCellIndex = 2;
      const done = await insertOutput(trackerOf(panel), link, DATA, trans);
      expect(done).toMatchObject({ after: 2 });
    }
    expect(panel.shared.cells).toHaveLength(5);
  });

  it('tells of notebooks that can only be read, and of none', async () => {
    for (const panel of [
      open('a.ipynb', true),
      open('a.ipynb', false, false)
    ]) {
      const done = await insertOutput(trackerOf(panel), null, DATA, trans);
      expect(done).toMatchObject({
        problem: { message: 'a.ipynb can only be read.' }
      });
      expect(panel.shared.cells).toHaveLength(3);
    }
    const done = await insertOutput(trackerOf(), null, DATA, trans);
    expect(done).toMatchObject({
      problem: { message: 'No notebook is open.' }
    });
  });
});
