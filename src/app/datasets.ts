/* eslint-disable jupyter/prefer-lazy-imports -- the panel gets the datasets
   from `activate`. */
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { FileDialog, IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { ApiClient } from '../api';
import { isDatasetPath } from '../datasets/files';
import { persistDatasets } from '../datasets/persistence';
import { DatasetsModel } from '../datasets/model';
import { IDatasets } from '../datasets/tokens';

/** Opens the form that runs all rows; the panel's plugin adds it. */
export const RUN_ROWS = 'lit-lab:run-over-rows';

/** Commands of the dataset browser. */
namespace CommandIDs {
  /** Open the file selected in the file browser, or the one at `path`. */
  export const open = 'lit-lab:open-dataset';
}

/** Datasets of prompts, and the commands that open them. */
export const datasetsPlugin: JupyterFrontEndPlugin<DatasetsModel> = {
  id: 'lit-lab:datasets',
  description: 'Opens files of prompts as datasets.',
  autoStart: true,
  provides: IDatasets,
  optional: [
    IFileBrowserFactory,
    IDocumentManager,
    INotebookTracker,
    IStateDB,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    browsers: IFileBrowserFactory | null,
    manager: IDocumentManager | null,
    notebooks: INotebookTracker | null,
    stateDB: IStateDB | null,
    translator: ITranslator | null
  ): DatasetsModel => {
    const trans = (translator ?? nullTranslator).load('lit_lab');
    const client = new ApiClient({
      serverSettings: app.serviceManager.serverSettings,
      translator: translator ?? nullTranslator
    });
    const model = new DatasetsModel(client, trans);
    const { contents } = app.serviceManager;

    /** Open a path of the file browser, if it is on the Jupyter server. */
    const open = async (path: string) => {
      // With collaboration, the server's own files have a separate drive.
      if (!['', 'RTC'].includes(contents.driveName(path))) {
        await showErrorMessage(
          trans.__('The file could not be opened'),
          trans.__(
            '%1 is not among the Jupyter server’s own files. Copy it there first.',
            path
          )
        );
        return;
      }
      await model.openFile(contents.localPath(path));
    };
    const selected = () => {
      const items = [
        ...(browsers?.tracker.currentWidget?.selectedItems() ?? [])
      ].filter(
        (item: Contents.IModel) =>
          item.type !== 'directory' && isDatasetPath(item.path)
      );
      return items.length === 1 ? items[0].path : null;
    };
    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Open as prompt dataset'),
      caption: trans.__('List the prompts of this file in the side panel'),
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: trans.__(
                'The file to open. Default: the file selected in the file browser.'
              )
            }
          }
        }
      },
      isVisible: args => typeof args.path === 'string' || selected() !== null,
      execute: async args => {
        const path = typeof args.path === 'string' ? args.path : selected();
        if (path !== null) {
          await open(path);
        }
      }
    });

    const folder = () =>
      notebooks?.currentWidget
        ? PathExt.dirname(
            contents.localPath(notebooks.currentWidget.context.path)
          )
        : contents.localPath(browsers?.tracker.currentWidget?.model.path ?? '');
    model.host = {
      pickFile: manager
        ? async () => {
            const { button, value } = await FileDialog.getOpenFiles({
              manager,
              title: trans.__('Open a file of prompts'),
              defaultPath: folder(),
              translator: translator ?? undefined,
              filter: item =>
                item.type === 'directory' || isDatasetPath(item.path)
                  ? {}
                  : null
            });
            const file = value?.find(item => item.type !== 'directory');
            return button.accept && file ? contents.localPath(file.path) : null;
          }
        : null,
      runRows: () => void app.commands.execute(RUN_ROWS),
      canInsert: () => Boolean(notebooks?.currentWidget?.content.model),
      insert: row => {
        const panel = notebooks?.currentWidget;
        if (panel) {
          void import('../datasets/insert').then(({ insertPrompt }) => {
            app.shell.activateById(panel.id);
            insertPrompt(panel, row.prompt);
          });
        }
      },
      folder
    };
    if (stateDB) {
      void persistDatasets(model, stateDB, app.restored);
    }
    return model;
  }
};
