import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { panelPlugin } from './panel';

/** All plugins of the extension. */
const plugins: JupyterFrontEndPlugin<unknown>[] = [panelPlugin];

export default plugins;
