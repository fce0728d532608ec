import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import { UUID } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

import type { ApiClient } from '../api';
import type { IPanelContext } from '../components/context';
import { addToMain, bringToFront } from '../components/mainarea';
import { litIcon } from '../litapp/icon';
import { LAYOUTS, nameLayout, queryOf, readLayout } from '../litapp/layouts';
import type { Layout } from '../litapp/layouts';
import { LitAppModel } from '../litapp/model';
import { LitAppWidget } from '../litapp/widget';
import type { Session } from '../session/session';

/** Opens LIT; without a query, with the panel's prompt. */
const OPEN = 'lit-lab:open-lit';

/** Add the command that opens LIT's own app, and its entries in palette and menu. */
export function addLitApp(
  app: JupyterFrontEnd,
  options: {
    client: ApiClient;
    session: Session;
    context: IPanelContext;
    menu: Menu;
    /** The layout in the settings. */
    layout: () => Promise<unknown>;
    restorer: ILayoutRestorer | null;
    palette: ICommandPalette | null;
  }
): void {
  const { client, session, context, menu, restorer, palette } = options;
  const { trans } = context;
  const { commands, shell } = app;
  const tracker = new WidgetTracker<MainAreaWidget<LitAppWidget>>({
    namespace: 'lit-lab-lit'
  });

  /** The prompt as LIT's first datapoint; with the shown answer, if it belongs to this prompt. */
  const opening = async (layout: Layout, model: string) => {
    await session.prompt.settled();
    const { shown: run } = session.runs;
    const prompt = session.prompt.value;
    const target =
      run && run.prompt === prompt
        ? run.answerTokens.map(token => token.text).join('')
        : '';
    return queryOf({ layout, model, prompt, target });
  };

  /** The limit on answers, once the server has sent it. */
  const maxNewTokens = async () => {
    if (session.service.status === null) {
      await session.service.refresh();
    }
    const limit = session.service.status?.limits.max_new_tokens ?? Infinity;
    return Math.min(session.settings.maxNewTokens, limit);
  };

  commands.addCommand(OPEN, {
    label: args =>
      args.layout === undefined
        ? trans.__('Open in LIT')
        : args.isMenu
          ? nameLayout(readLayout(args.layout), trans)
          : trans.__(
              'Open in LIT (%1)',
              nameLayout(readLayout(args.layout), trans)
            ),
    caption: trans.__(
      "Show the prompt in LIT's own app, which runs on the same models"
    ),
    icon: litIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          layout: { type: 'string', enum: [...LAYOUTS] },
          model: { type: 'string' },
          query: { type: 'string' },
          key: { type: 'string' },
          isMenu: { type: 'boolean' }
        }
      }
    },
    execute: async args => {
      if (session.model === null) {
        await session.service.refresh();
      }
      const model =
        typeof args.model === 'string' ? args.model : (session.model ?? '');
      const isRestored = typeof args.query === 'string';
      const layout = readLayout(args.layout ?? (await options.layout()));
      const query = isRestored
        ? String(args.query)
        : await opening(layout, model);
      const lit = new LitAppModel({
        client,
        trans,
        model,
        query,
        maxNewTokens,
        chat: () => session.settings.chat
      });
      const content = new LitAppWidget({
        model: lit,
        page: client.litPage,
        context
      });
      const widget = new MainAreaWidget({ content });
      // The layout finds a tab again by its id.
      widget.id =
        typeof args.key === 'string' ? args.key : `lit-lab-lit-${UUID.uuid4()}`;
      widget.title.label = trans.__('LIT');
      widget.title.icon = litIcon;
      widget.title.caption = trans.__('LIT, on the model %1', model);
      widget.title.closable = true;
      await tracker.add(widget);
      lit.changed.connect(() => void tracker.save(widget));
      if (!isRestored) {
        void lit.open();
      }
      addToMain(shell, widget);
      if (!isRestored) {
        bringToFront(shell, widget);
      }
      return widget;
    }
  });

  void restorer?.restore(tracker, {
    command: OPEN,
    args: ({ id, content: { model } }) => ({
      model: model.model,
      query: model.query,
      key: id
    }),
    name: widget => widget.id
  });

  const submenu = new Menu({ commands });
  submenu.title.label = trans.__('Open in LIT with Layout');
  for (const layout of LAYOUTS) {
    submenu.addItem({ command: OPEN, args: { layout, isMenu: true } });
  }
  menu.addItem({ command: OPEN });
  menu.addItem({ type: 'submenu', submenu });
  menu.addItem({ type: 'separator' });
  const category = trans.__('Prompt Salience');
  palette?.addItem({ command: OPEN, category });
  for (const layout of LAYOUTS) {
    palette?.addItem({ command: OPEN, category, args: { layout } });
  }
}
