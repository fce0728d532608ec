import { pythonLanguage } from '@codemirror/lang-python';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { NotebookModel } from '@jupyterlab/notebook';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { until } from '../session/fakes';
import type { IPromptSource } from '../session/source';
import type { ISession } from '../session/tokens';
import type { IAnalyzeOptions } from './analyze';
import { keepLink } from './link';
import { relinkWhenOpen } from './relink';
import { StringFinder } from './strings/finder';

const trans = nullTranslator.load('lit_lab');

const SOURCE = 'p = "Hi"';

const LINK = {
  path: 'a.ipynb',
  cellId: 'an-id-of-yesterday',
  origin: { what: 'string', span: [4, 8], ordinal: 0, total: 1 },
  source: SOURCE
} as const;

describe('notebook/link', () => {
  let panels: NotebookPanel[];
  let found: IPromptSource[];
  let models: NotebookModel[];
  let tracker: INotebookTracker;
  let session: { lostLink: ISession['lostLink'] } & ISession;
  let added: Signal<object, NotebookPanel>;
  let changed: Signal<ISession, void>;

  beforeEach(() => {
    panels = [];
    found = [];
    models = [];
    added = new Signal({});
    tracker = {
      widgetAdded: added,
      forEach: (fn: (panel: NotebookPanel) => void) => panels.forEach(fn),
      find: (fn: (panel: NotebookPanel) => boolean) => panels.find(fn)
    } as unknown as INotebookTracker;
    session = {
      lostLink: keepLink(LINK),
      relink: (source: IPromptSource) => {
        found.push(source);
        session.lostLink = null;
      }
    } as typeof session;
    changed = new Signal<ISession, void>(session);
    Object.assign(session, { changed });
    const languages = {
      getLanguage: async () => ({ support: { language: pythonLanguage } })
    } as unknown as IEditorLanguageRegistry;
    const finder = new StringFinder({
      languages,
      unicodeNames: async () => new Map<string, string>(),
      trans
    });
    relinkWhenOpen(
      session,
      tracker,
      async () => ({ tracker, session, finder, trans }) as IAnalyzeOptions
    );
  });

  afterEach(() => {
    found.forEach(source => source.dispose());
    models.forEach(model => model.dispose());
  });

  function open(path: string): void {
    const model = new NotebookModel();
    models.push(model);
    model.sharedModel.insertCells(0, [
      { cell_type: 'code', source: 'x = 1' },
      { cell_type: 'code', source: SOURCE }
    ]);
    const panel = {
      isDisposed: false,
      disposed: new Signal<object, void>({}),
      content: { model, widgets: [] },
      context: {
        path,
        pathChanged: new Signal<object, string>({}),
        ready: Promise.resolve()
      }
    } as unknown as NotebookPanel;
    panels.push(panel);
    added.emit(panel);
  }

  const settled = () => new Promise(resolve => setTimeout(resolve, 50));

  it('finds the cell again once its notebook is open, by id or source', async () => {
    changed.emit();
    open('b.ipynb');
    await settled();
    expect(found).toEqual([]);
    open('a.ipynb');
    changed.emit();
    await until(() => found.length > 0);
    expect(found.map(source => source.text?.value)).toEqual(['Hi']);
    expect(found[0].link).toMatchObject({ path: 'a.ipynb', source: SOURCE });
  });

  it('lets go of the cell when another prompt came meanwhile', async () => {
    open('a.ipynb');
    session.lostLink = null;
    await settled();
    expect(found).toEqual([]);
  });

  it('keeps no link to a cell that is too large to be kept', () => {
    expect(keepLink({ ...LINK, source: 'x'.repeat(100_001) })).toBeNull();
  });
});
