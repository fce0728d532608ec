import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import { SplitPanel, TabPanel } from '@lumino/widgets';

/** What a tab needs to be of any use, in px. */
const LOW = 200;

/**
 * Put a tab into the main area, or below it: Notebook 7 has one document in its
 * main area, and takes nothing beside it.
 */
export function addToMain(
  shell: JupyterFrontEnd.IShell,
  tab: Widget,
  options?: DocumentRegistry.IOpenOptions
): void {
  shell.add(tab, 'main', options);
  if (!tab.isAttached) {
    shell.add(tab, 'down', options);
  }
}

/**
 * Bring a tab to the front. Notebook 7 activates what is below its document
 * without showing it: another tab may be in front, and the area has no height.
 */
export function bringToFront(shell: JupyterFrontEnd.IShell, tab: Widget): void {
  shell.activateById(tab.id);
  const area = ancestor(tab, TabPanel);
  if (area) {
    area.currentWidget = tab;
    const split = ancestor(area, SplitPanel);
    if (split?.orientation === 'vertical' && area.node.clientHeight < LOW) {
      split.setRelativeSizes(split.widgets.map(() => 1));
    }
  }
}

/** The nearest widget of a kind that a widget is in. */
function ancestor<T extends Widget>(
  widget: Widget,
  kind: new (...args: never[]) => T
): T | null {
  for (let at = widget.parent; at; at = at.parent) {
    if (at instanceof kind) {
      return at;
    }
  }
  return null;
}
