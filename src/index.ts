import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { datasetsPlugin } from './app/datasets';
import { notebookPlugin } from './app/notebook';
import { panelPlugin } from './app/panel';
import { sharingPlugin } from './app/sharing';

/** All plugins of the extension. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  datasetsPlugin,
  panelPlugin,
  sharingPlugin,
  notebookPlugin
];

export default plugins;
