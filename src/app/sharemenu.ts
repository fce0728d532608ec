import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { Menu } from '@lumino/widgets';

import { SHARE_COMMANDS } from './sharecommands';

/** The menu of actions for a run. */
export class ShareMenu {
  constructor(commands: Menu.IOptions['commands']) {
    this._menu = new Menu({ commands });
    this._menu.aboutToClose.connect(() => {
      // Return the focus to where it was; a row's button shows only with the focus.
      const row = this._anchor?.closest('li')?.querySelector('button');
      row?.focus();
      this._anchor?.focus();
      this._anchor = null;
    });
  }

  /**
   * Open it below an element.
   *
   * @param run - id of a run of the history; absent: the shown run.
   */
  open(anchor: HTMLElement, run?: string): void {
    this._anchor = anchor;
    const args: ReadonlyJSONObject = run === undefined ? {} : { run };
    this._menu.clearItems();
    for (const command of [SHARE_COMMANDS.page, SHARE_COMMANDS.insert]) {
      this._menu.addItem({ command, args });
    }
    this._menu.addItem({ type: 'separator' });
    for (const command of [
      SHARE_COMMANDS.picture,
      SHARE_COMMANDS.copyJson,
      SHARE_COMMANDS.saveJson
    ]) {
      this._menu.addItem({ command, args });
    }
    const { left, bottom } = anchor.getBoundingClientRect();
    this._menu.open(left, bottom);
    // The keyboard starts at its first item.
    this._menu.activeIndex = 0;
  }

  private readonly _menu: Menu;
  private _anchor: HTMLElement | null = null;
}
