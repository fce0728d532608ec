/* eslint-disable jupyter/prefer-lazy-imports -- other plugins get the session
   from `activate`, and a restored layout the panel. */
import { ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Menu } from '@lumino/widgets';

import { ApiClient } from '../api';
import type { IPanelContext } from '../components/context';
import { IDatasets } from '../datasets';
import type { DatasetsModel } from '../datasets';
import { HistoryModel } from '../history';
import { clearHistory } from '../history/clear';
import { ModelsModel } from '../models';
import { panelIcon } from '../panel/icons';
import { PanelLayout } from '../panel/layout';
import { persistLayout } from '../panel/layoutStore';
import { PanelWidget } from '../panel/widget';
import { explainAnswers } from '../session/explainAnswers';
import { persistSession } from '../session/persistence';
import { Session } from '../session/session';
import { keepSettings } from '../session/settings';
import { Splitter } from '../session/splitter';
import { ISession } from '../session/tokens';
import { setUpCompare } from './compare';
import { addLitApp } from './litapp';
import { showLog } from './log';
import { makeMatcher } from './matcher';
import { addMatrix } from './matrix';
import { ShareMenu } from './sharemenu';

/** Commands of the panel. */
export namespace CommandIDs {
  export const open = 'lit-lab:open-panel';
  export const restart = 'lit-lab:restart-service';
  export const log = 'lit-lab:show-log';
  export const models = 'lit-lab:manage-models';
  export const apply = 'lit-lab:apply-to-cell';
}

/** The session, and the side panel that shows it. */
export const panelPlugin: JupyterFrontEndPlugin<ISession> = {
  id: 'lit-lab:panel',
  description: 'The side panel in which a prompt is run and explained.',
  autoStart: true,
  provides: ISession,
  requires: [IDatasets],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    IStateDB,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    datasets: DatasetsModel,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null
  ): ISession => {
    const trans = (translator ?? nullTranslator).load('lit_lab');
    const client = new ApiClient({
      serverSettings: app.serviceManager.serverSettings,
      translator: translator ?? nullTranslator
    });
    const splitter = new Splitter(makeMatcher, trans);
    const session = new Session(client, trans, splitter);
    datasets.claim = () => session.claim();
    datasets.chosen.connect((_, { source, run }) => {
      if (run) {
        void session.analyze(source);
      } else {
        session.open(source);
      }
    });
    const reveal = (path: string) => {
      app.commands.execute('docmanager:open', { path }).catch(reason => {
        // A dataset, or a notebook that was moved or deleted since.
        console.warn('LIT Lab: the prompt has no document any more', reason);
      });
    };
    const history = new HistoryModel(client, session, reveal, trans);
    const log = () => showLog(() => session.service.log(), trans);

    const layout = new PanelLayout();
    const { commands } = app;
    commands.addCommand(CommandIDs.restart, {
      label: trans.__('Restart Model Service'),
      caption: trans.__('Stop the model service and start it again'),
      execute: () => session.service.restart(),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    commands.addCommand(CommandIDs.log, {
      label: trans.__('Show Model Service Log'),
      isVisible: () => !session.service.isReadOnly,
      isEnabled: () => !session.service.isReadOnly,
      execute: log,
      describedBy: { args: { type: 'object', properties: {} } }
    });
    const models = new ModelsModel(client, session.service, trans);
    commands.addCommand(CommandIDs.models, {
      label: trans.__('Manage Models'),
      caption: trans.__('Load, unload, download, add and remove models'),
      execute: () => {
        panel.showOnceActive('models');
        open();
      },
      describedBy: { args: { type: 'object', properties: {} } }
    });
    const share = new ShareMenu(commands);
    const menu = new Menu({ commands });
    const context: IPanelContext = {
      trans,
      get showLog() {
        return session.service.isReadOnly ? undefined : log;
      },
      openModels: () => layout.show('models'),
      openMatrix: () => void commands.execute(matrix),
      openMenu: anchor => {
        const { left, bottom } = anchor.getBoundingClientRect();
        menu.open(left, bottom);
      },
      openShare: anchor => share.open(anchor)
    };
    const matrix = addMatrix(app, session, context, restorer);
    addLitApp(app, {
      client,
      session,
      context,
      menu,
      layout: async () =>
        (await registry?.get(panelPlugin.id, 'litLayout'))?.composite,
      restorer,
      palette
    });
    menu.addItem({ command: CommandIDs.models });
    menu.addItem({ command: CommandIDs.restart });
    menu.addItem({ command: CommandIDs.log });

    explainAnswers(session);
    const settings = keepSettings(session, registry, panelPlugin.id);
    const compare = setUpCompare({
      app,
      client,
      session,
      history,
      restorer,
      palette,
      context,
      onSettings: settings
    });
    const panel = new PanelWidget({
      session,
      layout,
      datasets,
      history,
      models,
      compare,
      onClear: () => void clearHistory(history, trans),
      onSettings: settings,
      restored: app.restored,
      context,
      onShare: (run, anchor) => share.open(anchor, run.id)
    });
    app.shell.add(panel, 'right', { rank: 900, type: 'Prompt salience' });
    restorer?.add(panel, panel.id);

    const open = () => {
      // Both JupyterLab's and Notebook 7's shell expand the side area for this.
      app.shell.activateById(panel.id);
    };
    session.opened.connect(open);
    session.revealed.connect(() => {
      if (!panel.isVisible) {
        open();
      }
    });
    datasets.revealed.connect(() => {
      layout.show('datasets');
      open();
    });
    for (const taken of [datasets.chosen, datasets.filled]) {
      taken.connect(() => layout.show('analysis'));
    }
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Prompt Salience'),
      caption: trans.__('Open the side panel that explains prompts'),
      icon: panelIcon,
      execute: open,
      describedBy: { args: { type: 'object', properties: {} } }
    });
    commands.addCommand(CommandIDs.apply, {
      label: trans.__('Apply to Cell'),
      caption: trans.__(
        'Write the edited prompt into the cell that it came from'
      ),
      isEnabled: () => session.prompt.canApply,
      execute: async () => {
        open();
        await session.prompt.apply();
      },
      describedBy: { args: { type: 'object', properties: {} } }
    });
    let couldApply = false;
    session.changed.connect(() => {
      if (session.prompt.canApply !== couldApply) {
        couldApply = !couldApply;
        commands.notifyCommandChanged(CommandIDs.apply);
      }
    });
    const category = trans.__('Prompt Salience');
    for (const command of [...Object.values(CommandIDs), matrix]) {
      palette?.addItem({ command, category });
    }
    if (state) {
      void persistSession(session, state, app.restored);
      void persistLayout(layout, state, app.restored);
    }
    return session;
  }
};
