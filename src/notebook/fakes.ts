/** Stand-ins for the specs: a notebook that is shown by one view, and a finder over Python alone. */
import { CodeMirrorEditor, ybinding } from '@jupyterlab/codemirror';
import type { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { NotebookModel } from '@jupyterlab/notebook';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { nullTranslator } from '@jupyterlab/translation';
import type { IYText } from '@jupyter/ydoc';
import { Signal } from '@lumino/signaling';

import type { Origin } from './origin';
import { NotebookSource } from './source';
import { StringFinder } from './strings/finder';

export const trans = nullTranslator.load('lit_lab');

/** A finder over Python alone; counts how often names are looked up. */
export function makeFinder(
  unicodeNames = async () => new Map<string, string>()
) {
  const languages = {
    getLanguage: async (name: string) => {
      if (name !== 'python') {
        return null;
      }
      const { pythonLanguage } = await import('@codemirror/lang-python');
      return { support: { language: pythonLanguage } };
    }
  } as unknown as IEditorLanguageRegistry;
  return new StringFinder({ languages, unicodeNames, trans });
}

/** A notebook that is shown by one view, with editors for its first cells. */
export class Fixture {
  constructor(sources: readonly string[], numEditors = sources.length) {
    this.model.sharedModel.insertCells(
      0,
      sources.map(source => ({ cell_type: 'code', source }))
    );
    // A model begins with no cell, or an empty one.
    while (this.model.cells.length > sources.length) {
      this.model.sharedModel.deleteCell(this.model.cells.length - 1);
    }
    for (let index = 0; index < numEditors; index++) {
      this.widgets.push(this.makeCell(index));
    }
    this.panel = {
      id: 'panel',
      isDisposed: false,
      disposed: new Signal<object, void>({}),
      content: { model: this.model, widgets: this.widgets },
      context: {
        path: 'a.ipynb',
        pathChanged: this.pathChanged,
        ready: Promise.resolve()
      }
    } as unknown as NotebookPanel;
    const panels = [this.panel];
    this.tracker = {
      widgetAdded: new Signal<object, NotebookPanel>({}),
      forEach: (fn: (panel: NotebookPanel) => void) => panels.forEach(fn),
      find: (fn: (panel: NotebookPanel) => boolean) => panels.find(fn)
    } as unknown as INotebookTracker;
  }

  makeCell(index: number) {
    const model = this.model.cells.get(index);
    const ytext = (model.sharedModel as unknown as IYText).ysource;
    const editor = new CodeMirrorEditor({
      host: document.createElement('div'),
      model,
      extensions: [ybinding({ ytext })]
    });
    const node = document.createElement('div');
    return { model, editor, node, isDisposed: false, ready: Promise.resolve() };
  }

  open(index: number, origin: Origin) {
    return NotebookSource.create({
      tracker: this.tracker,
      finder: makeFinder(),
      trans,
      docManager: null,
      activate: () => undefined,
      panel: this.panel,
      cellId: this.model.cells.get(index).id,
      origin
    });
  }

  source(index: number) {
    return this.model.cells.get(index).sharedModel;
  }

  shades(index = 0): string[] {
    const dom = this.widgets[index].editor.editor.dom;
    return [...dom.querySelectorAll('.lit-shade')].map(
      node => node.textContent ?? ''
    );
  }

  readonly model = new NotebookModel();
  readonly widgets: ReturnType<Fixture['makeCell']>[] = [];
  readonly pathChanged = new Signal<object, string>({});
  readonly panel: NotebookPanel;
  readonly tracker: INotebookTracker;
}

/** The first string of a cell. */
export const STRING: Origin = {
  what: 'string',
  span: [0, 99],
  ordinal: 0,
  total: 1
};

/** Until the source has read the notebook again. */
export const quiet = () => new Promise(resolve => setTimeout(resolve, 250));

/** The editor is painted behind the panel's frame. */
export const painted = () =>
  new Promise(done => requestAnimationFrame(() => setTimeout(done, 1)));
