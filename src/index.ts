import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import notebookPlugins from './notebook';
import { panelPlugin } from './panel';

/** All plugins of the extension. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [
  panelPlugin,
  ...notebookPlugins
];

export default plugins;
