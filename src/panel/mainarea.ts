import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

/**
 * Show a tab in the main area, or below it: Notebook 7 has one document in its
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
