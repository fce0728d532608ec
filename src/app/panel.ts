/* eslint-disable jupyter/prefer-lazy-imports -- other plugins get the session
   from `activate`, and a restored layout the panel. */
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  IToolbarWidgetRegistry,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import { IStatusBar } from '@jupyterlab/statusbar';
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
import type { View } from '../panel/layout';
import { MAIN_LAYOUT_KEY, persistLayout } from '../panel/layoutStore';
import { SideWidth } from '../panel/sideWidth';
import { Viewers } from '../panel/viewers';
import { PanelWidget } from '../panel/widget';
import { explainAnswers } from '../session/explainAnswers';
import { persistSession } from '../session/persistence';
import { Session } from '../session/session';
import { keepSettings } from '../session/settings';
import { Splitter } from '../session/splitter';
import { ISession } from '../session/tokens';
import { setUpCompare } from './compare';
import { RUN_ROWS } from './datasets';
import { addLitApp } from './litapp';
import { showLog } from './log';
import { OPEN_IN_MAIN, Panels } from './mainpanel';
import { makeMatcher } from './matcher';
import { findLauncher } from './launcher';
import { addMatrix } from './matrix';
import { addPlaces } from './places';
import { ShareMenu } from './sharemenu';
import { prepareToolbar } from './toolbar';

/** Commands of the panel. */
export namespace CommandIDs {
  export const open = 'lit-lab:open-panel';
  export const restart = 'lit-lab:restart-service';
  export const log = 'lit-lab:show-log';
  export const models = 'lit-lab:manage-models';
  export const apply = 'lit-lab:apply-to-cell';
}

/** The session, and the panels that show it: one at the side, one in the main area. */
export const panelPlugin: JupyterFrontEndPlugin<ISession> = {
  id: 'lit-lab:panel',
  description: 'The panel in which a prompt is run and explained.',
  autoStart: true,
  provides: ISession,
  requires: [IDatasets],
  optional: [
    ILayoutRestorer,
    ICommandPalette,
    ISettingRegistry,
    IStateDB,
    ITranslator,
    ILabShell,
    IToolbarWidgetRegistry,
    IStatusBar
  ],
  activate: (
    app: JupyterFrontEnd,
    datasets: DatasetsModel,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    registry: ISettingRegistry | null,
    state: IStateDB | null,
    translator: ITranslator | null,
    labShell: ILabShell | null,
    toolbars: IToolbarWidgetRegistry | null,
    statusBar: IStatusBar | null
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
        // The command palette returns the focus to the main area after this.
        panels.current.showOnceActive('models');
        panels.open();
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
      openModels: () => panels.current.parts.show('models'),
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
    const fill = prepareToolbar(
      toolbars ?? null,
      registry,
      translator ?? nullTranslator
    );
    const viewers = new Viewers(isVisible => session.watch(isVisible));
    const make = (
      place: PanelWidget['place'],
      layout: PanelLayout,
      onMove: () => void
    ) => {
      const made = new PanelWidget({
        session,
        place,
        layout,
        datasets,
        history,
        models,
        compare,
        onClear: () => void clearHistory(history, trans),
        onSettings: settings,
        restored: app.restored,
        context,
        viewers,
        onMove,
        onShare: (run, anchor) => share.open(anchor, run.id)
      });
      fill(made);
      return made;
    };
    const [beside, within] = [new PanelLayout(), new PanelLayout()];
    const side: PanelWidget = make(
      'side',
      beside,
      () => void commands.execute(OPEN_IN_MAIN)
    );
    const panels: Panels = new Panels(app, {
      make: () => make('main', within, () => panels.toSide()),
      side,
      trans,
      labShell: labShell ?? null,
      restorer
    });
    app.shell.add(side, 'right', { rank: 900, type: 'Prompt salience' });
    restorer?.add(side, side.id);

    const open = (view: View) => {
      panels.current.parts.show(view);
      panels.open();
    };
    session.opened.connect(() => open('analysis'));
    const showAnalysis = () => {
      panels.current.parts.show('analysis');
      if (!panels.isVisible) {
        panels.open();
      }
    };
    session.revealed.connect(showAnalysis);
    datasets.revealed.connect(() => open('datasets'));
    for (const taken of [datasets.chosen, datasets.filled]) {
      taken.connect(() => panels.current.parts.show('analysis'));
    }
    addPlaces({
      session,
      trans,
      launcher: findLauncher(app),
      statusBar: statusBar ?? null,
      open: () => panels.open()
    });
    commands.addCommand(CommandIDs.open, {
      label: trans.__('Prompt Salience'),
      caption: trans.__('Open the panel that explains prompts'),
      icon: panelIcon,
      execute: () => panels.open(),
      describedBy: { args: { type: 'object', properties: {} } }
    });
    commands.addCommand(CommandIDs.apply, {
      label: trans.__('Apply to Cell'),
      caption: trans.__(
        'Write the edited prompt into the cell that it came from'
      ),
      isEnabled: () => session.prompt.canApply,
      execute: async () => {
        panels.open();
        await session.prompt.apply();
      },
      describedBy: { args: { type: 'object', properties: {} } }
    });
    const batches = new WidgetTracker({ namespace: 'lit-lab-batches' });
    commands.addCommand(RUN_ROWS, {
      label: trans.__('Run over All Rows…'),
      caption: trans.__(
        'Run a prompt or a template over the rows of a dataset'
      ),
      execute: async ({ isRestored }) => {
        const { openBatches } = await import(
          /* webpackChunkName: "batches" */ './batches'
        );
        await openBatches(
          {
            app,
            session,
            datasets,
            context,
            tracker: batches,
            showAnalysis
          },
          isRestored === true
        );
      },
      describedBy: {
        args: {
          type: 'object',
          properties: { isRestored: { type: 'boolean' } }
        }
      }
    });
    void restorer?.restore(batches, {
      command: RUN_ROWS,
      args: () => ({ isRestored: true }),
      name: () => batches.namespace
    });
    let couldApply = false;
    session.changed.connect(() => {
      if (session.prompt.canApply !== couldApply) {
        couldApply = !couldApply;
        commands.notifyCommandChanged(CommandIDs.apply);
      }
    });
    const category = trans.__('Prompt Salience');
    for (const command of [
      ...Object.values(CommandIDs),
      OPEN_IN_MAIN,
      RUN_ROWS,
      matrix
    ]) {
      palette?.addItem({ command, category });
    }
    if (state) {
      void persistSession(session, state, app.restored);
      void persistLayout(within, state, app.restored, MAIN_LAYOUT_KEY);
    }
    const stored = state
      ? persistLayout(beside, state, app.restored)
      : app.restored;
    const width = new SideWidth(side, beside, app.restored, stored);
    side.resized.connect(() => width.resized());
    return session;
  }
};
