/** The tools in the panel's header, which users rearrange as any toolbar of JupyterLab. */
import { createToolbarFactory, setToolbar } from '@jupyterlab/apputils';
import type { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ITranslator } from '@jupyterlab/translation';

import { makeTool, TOOLS } from '../panel/tools';
import type { PanelWidget } from '../panel/widget';

/** The toolbar's name in the settings of all extensions. */
const FACTORY = 'PromptSalience';

/** Where users rearrange it: a schema of its own, as JupyterLab rewrites it. */
const SETTINGS = 'lit-lab:toolbar';

/**
 * Prepare the tools.
 *
 * @returns what fills a panel's toolbar. In a shell without toolbars or settings, it has the panel's own tools.
 */
export function prepareToolbar(
  toolbars: IToolbarWidgetRegistry | null,
  settings: ISettingRegistry | null,
  translator: ITranslator
): (panel: PanelWidget) => void {
  if (!toolbars || !settings) {
    return panel =>
      setToolbar(panel, () =>
        TOOLS.map(name => ({ name, widget: makeTool(name, panel) }))
      );
  }
  for (const name of TOOLS) {
    toolbars.addFactory<PanelWidget>(FACTORY, name, panel =>
      makeTool(name, panel)
    );
  }
  const factory = createToolbarFactory(
    toolbars,
    settings,
    FACTORY,
    SETTINGS,
    translator
  );
  return panel => setToolbar(panel, factory);
}
