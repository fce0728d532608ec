import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { sharingPlugin } from './export';
import { datasetsPlugin } from './datasets';
import notebookPlugins from './notebook';
import { panelPlugin } from './panel';

/** All plugins of the extension. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  datasetsPlugin,
  panelPlugin,
  sharingPlugin,
  ...notebookPlugins
];

export default plugins;
