import { CodeMirrorEditor } from '@jupyterlab/codemirror';
import { CodeCellModel } from '@jupyterlab/cells';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { PointerMemory, placeOfCursor } from './pointer';

const SOURCE = 'a = 1\r\np = "Hi you"';

describe('notebook/pointer', () => {
  let editor: CodeMirrorEditor;
  let tracker: INotebookTracker;
  let memory: PointerMemory;

  beforeEach(() => {
    const model = new CodeCellModel();
    model.sharedModel.setSource(SOURCE);
    const node = document.createElement('div');
    document.body.append(node);
    editor = new CodeMirrorEditor({ host: node, model });
    const cell = { node, model, editor, isDisposed: false };
    const panel = {
      node,
      content: { widgets: [cell], activeCell: cell, mode: 'edit' }
    } as unknown as NotebookPanel;
    tracker = {
      currentWidget: panel,
      find: (fn: (item: NotebookPanel) => boolean) => [panel].find(fn)
    } as unknown as INotebookTracker;
    memory = new PointerMemory(tracker);
  });

  afterEach(() => {
    memory.dispose();
    editor.dispose();
    document.body.replaceChildren();
  });

  function fire(type: string, init: Partial<PointerEvent> = {}): void {
    const event = new MouseEvent(type, { bubbles: true, ...init });
    Object.assign(event, { pointerType: 'mouse' });
    editor.host.dispatchEvent(event);
  }

  /** Select `you`, as the editor counts. */
  const select = () =>
    editor.editor.dispatch({ selection: { anchor: 14, head: 17 } });

  /** The characters of a span of the source. */
  const text = (span: readonly [number, number] | null | undefined) =>
    span && SOURCE.slice(...span);

  it('takes what was selected before the right click', () => {
    select();
    fire('pointerdown', { button: 2 });
    fire('contextmenu', { button: 2 });
    expect(text(memory.place?.selection)).toBe('you');
  });

  it('leaves what the right click itself selects', () => {
    fire('pointerdown', { button: 2 });
    select();
    fire('contextmenu', { button: 2 });
    expect(memory.place?.selection).toBeNull();
  });

  it('takes what was dragged over when the keyboard opens the menu', () => {
    fire('pointerdown', { button: 0 });
    select();
    fire('contextmenu');
    expect(text(memory.place?.selection)).toBe('you');
  });

  it('forgets its place when the menu opens elsewhere', () => {
    fire('contextmenu', { button: 2 });
    expect(memory.place).not.toBeNull();
    document.body.dispatchEvent(
      new MouseEvent('contextmenu', { bubbles: true })
    );
    expect(memory.place).toBeNull();
  });

  it('tells the place of the cursor in the source', () => {
    select();
    const place = placeOfCursor(tracker);
    expect(text(place?.selection)).toBe('you');
    expect(place?.offset).toBe(SOURCE.length - 1);
  });
});
