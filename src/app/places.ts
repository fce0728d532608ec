/** Where JupyterLab leads to the panel, besides its menus: the launcher and the status bar. */
import type { ILauncher } from '@jupyterlab/launcher';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';

import { ActivityItem } from '../panel/activity';
import type { Session } from '../session/session';
import { OPEN_IN_MAIN } from './mainpanel';

/** Add a card, and what a model does for the session, as far as the shell has places for them. */
export function addPlaces(options: {
  session: Session;
  trans: TranslationBundle;
  launcher: Promise<ILauncher | null>;
  statusBar: IStatusBar | null;
  /** Opens the panel. */
  open: () => void;
}): void {
  const { session, trans, launcher, statusBar, open } = options;
  void launcher.then(found =>
    found?.add({
      command: OPEN_IN_MAIN,
      args: { isCard: true },
      category: trans.__('Other')
    })
  );
  if (statusBar) {
    const item = new ActivityItem(session, trans, open);
    statusBar.registerStatusItem('lit-lab:activity', {
      item,
      align: 'right',
      rank: 900,
      isActive: () => item.activity !== null,
      activeStateChanged: item.changed
    });
  }
}
