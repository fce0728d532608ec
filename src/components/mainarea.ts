import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';
import { SplitPanel, TabPanel } from '@lumino/widgets';

/** The smallest useful size of a tab, in px. */
const LOW = 200;

/**
 * Add a tab to the main area, or below it: in Notebook 7 the main area has one
 * document, and no place for anything else.
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
 * without showing it: another tab may be in front, and the area may have no height.
 */
export function bringToFront(shell: JupyterFrontEnd.IShell, tab: Widget): void {
  shell.activateById(tab.id);
  const area = ancestor(tab, TabPanel);
  if (area) {
    area.currentWidget = tab;
    const split = ancestor(area, SplitPanel);
    if (split?.orientation === 'vertical' && heightIn(split, area) < LOW) {
      split.setRelativeSizes(split.widgets.map(() => 1));
    }
  }
}

/** The height that a split panel gives to a widget: one that was just added has none yet, however high it is. */
function heightIn(split: SplitPanel, area: Widget): number {
  const share = split.relativeSizes()[split.widgets.indexOf(area)];
  return share * split.node.clientHeight;
}

/** The nearest ancestor of a kind. */
export function ancestor<T extends Widget>(
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
