import type { Drag } from '@lumino/dragdrop';

import { isDatasetPath } from './files';
import { Disposable } from '../session/model';

/** The MIME type of paths that are dragged from JupyterLab's file browser. */
const PATHS = 'application/x-jupyter-icontents';

/** Accepts files that are dragged from the file browser onto an element. */
export class FileDrop extends Disposable {
  /** @param open - opens a file of prompts. */
  constructor(
    private readonly _node: HTMLElement,
    private readonly _open: (path: string) => void
  ) {
    super();
    for (const type of TYPES) {
      _node.addEventListener(type, this);
    }
  }

  protected release(): void {
    for (const type of TYPES) {
      this._node.removeEventListener(type, this);
    }
  }

  handleEvent(event: Event): void {
    const drag = event as Drag.Event;
    const path = pathOf(drag);
    if (event.type === 'lm-dragleave') {
      if (!this._node.contains(drag.relatedTarget as Node | null)) {
        this._mark(false);
      }
      return;
    }
    if (path === null) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (event.type === 'lm-drop') {
      this._mark(false);
      drag.dropAction = drag.proposedAction;
      this._open(path);
    } else {
      this._mark(true);
      // The file browser offers to move files; a drop with another action isn't accepted.
      drag.dropAction = drag.proposedAction;
    }
  }

  private _mark(isOver: boolean): void {
    this._node.classList.toggle('lit-drop', isOver);
  }
}

const TYPES = ['lm-dragenter', 'lm-dragleave', 'lm-dragover', 'lm-drop'];

/** The dragged file of prompts, or null. */
function pathOf(event: Drag.Event): string | null {
  const paths: unknown = event.mimeData?.getData(PATHS);
  const found = Array.isArray(paths) ? paths.map(String) : [];
  return found.length === 1 && isDatasetPath(found[0]) ? found[0] : null;
}
