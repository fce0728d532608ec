import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { datasetsPlugin } from './datasets';
import notebookPlugins from './notebook';
import { panelPlugin } from './panel';

/** All plugins of the extension. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  datasetsPlugin,
  panelPlugin,
  ...notebookPlugins
];

export default plugins;
