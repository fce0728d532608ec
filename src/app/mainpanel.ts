/** The whole analysis as a tab in JupyterLab's main area, beside the notebook. */
import type {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd
} from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { addToMain, bringToFront } from '../components/mainarea';
import { panelIcon } from '../panel/icons';
import type { PanelWidget } from '../panel/widget';

/** Opens the tab. */
export const OPEN_IN_MAIN = 'lit-lab:open-in-main-area';

/** Its tab's name in the layout, and its id. */
const ID = 'lit-lab-main';

/** The tab, and the side panel, which stays the default. */
export class Panels {
  constructor(
    app: JupyterFrontEnd,
    options: {
      /** Makes the tab's panel. */
      make: () => PanelWidget;
      side: PanelWidget;
      trans: TranslationBundle;
      labShell: ILabShell | null;
      restorer: ILayoutRestorer | null;
    }
  ) {
    this._app = app;
    this._make = options.make;
    this._side = options.side;
    this._trans = options.trans;
    this._labShell = options.labShell;
    this._addCommand();
    void options.restorer?.restore(this._tracker, {
      command: OPEN_IN_MAIN,
      args: () => ({ isRestored: true }),
      name: () => ID
    });
  }

  /** The panel that is in use: of two that can be seen the one with the focus, or else the tab. */
  get current(): PanelWidget {
    const tab = this._tab?.content;
    const side = this._side;
    const isInSide =
      side.isVisible && side.node.contains(document.activeElement);
    return tab?.isVisible && !isInSide ? tab : side;
  }

  /** Whether either can be seen. */
  get isVisible(): boolean {
    return this.current.isVisible;
  }

  /** Bring the panel that is in use to the front. */
  open(): void {
    const tab = this._tab;
    if (tab?.content === this.current) {
      bringToFront(this._app.shell, tab);
    } else {
      // Both JupyterLab's and Notebook 7's shell expand the side area for this.
      this._app.shell.activateById(this._side.id);
    }
  }

  /** Close the tab, and show in the side panel what it showed. */
  toSide(): void {
    const tab = this._tab;
    const side = this._side;
    if (tab) {
      side.parts.follow(tab.content.parts);
      tab.close();
    }
    this._app.shell.activateById(side.id);
  }

  private get _tab(): MainAreaWidget<PanelWidget> | undefined {
    return this._tracker.find(tab => !tab.isDisposed);
  }

  private _addCommand(): void {
    const { commands, shell } = this._app;
    const trans = this._trans;
    commands.addCommand(OPEN_IN_MAIN, {
      label: args =>
        args.isCard
          ? trans.__('Prompt Salience')
          : trans.__('Prompt Salience in Main Area'),
      caption: trans.__(
        'Run and explain prompts in a tab, with prompt and insight side by side'
      ),
      icon: panelIcon,
      execute: async ({ isRestored, isCard }) => {
        const known = this._tab;
        const tab = known ?? this._makeTab();
        if (!known) {
          // First, so that the layout knows the tab's name when it is stored.
          await this._tracker.add(tab);
        }
        const side = this._side;
        if (!isRestored && side.isVisible) {
          if (!known) {
            tab.content.parts.follow(side.parts);
          }
          this._collapseSide();
        }
        if (!tab.isAttached) {
          // JupyterLab puts it where the launcher was, whose card was chosen.
          addToMain(shell, tab, isCard ? {} : { mode: 'split-right' });
        }
        if (!isRestored) {
          bringToFront(shell, tab);
        }
        return tab;
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            isRestored: { type: 'boolean' },
            isCard: { type: 'boolean' }
          }
        }
      }
    });
  }

  /** Close the side area; users may have moved the panel to the left. */
  private _collapseSide(): void {
    const shell = this._labShell;
    if (shell && [...shell.widgets('right')].includes(this._side)) {
      shell.collapseRight();
    } else {
      shell?.collapseLeft();
    }
  }

  private _makeTab(): MainAreaWidget<PanelWidget> {
    const content = this._make();
    const tab = new MainAreaWidget({ content });
    // JupyterLab calls what is in its tabs all the same.
    content.node.setAttribute('aria-label', content.label);
    tab.id = ID;
    tab.title.label = this._trans.__('Prompt Salience');
    tab.title.icon = panelIcon;
    tab.title.closable = true;
    return tab;
  }

  private readonly _app: JupyterFrontEnd;
  private readonly _make: () => PanelWidget;
  private readonly _side: PanelWidget;
  private readonly _trans: TranslationBundle;
  private readonly _labShell: ILabShell | null;
  private readonly _tracker = new WidgetTracker<MainAreaWidget<PanelWidget>>({
    namespace: ID
  });
}
