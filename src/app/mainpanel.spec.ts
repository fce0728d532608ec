import type { ILabShell, JupyterFrontEnd } from '@jupyterlab/application';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Panel, Widget } from '@lumino/widgets';

import { PanelLayout } from '../panel/layout';
import type { PanelWidget } from '../panel/widget';
import { OPEN_IN_MAIN, Panels } from './mainpanel';

const trans = nullTranslator.load('lit_lab');

/** A panel without a session. */
class FakePanel extends Widget {
  readonly label = trans.__('Prompt salience in the main area');
  readonly parts = new PanelLayout();
}

function start() {
  const area = new Panel();
  const beside = new Panel();
  Widget.attach(area, document.body);
  Widget.attach(beside, document.body);
  const side = new FakePanel();
  side.id = 'side';
  beside.addWidget(side);
  const activated: string[] = [];
  const added: unknown[] = [];
  const shell = {
    add: (tab: Widget, where: string, options: unknown) => {
      added.push(options);
      area.addWidget(tab);
    },
    activateById: (id: string) => {
      activated.push(id);
      if (id === 'side') {
        side.show();
      }
    },
    widgets: () => beside.widgets,
    collapseRight: () => side.hide()
  };
  const commands = new CommandRegistry();
  const panels: Panels = new Panels(
    { commands, shell } as unknown as JupyterFrontEnd,
    {
      make: () => new FakePanel() as unknown as PanelWidget,
      side: side as unknown as PanelWidget,
      trans,
      labShell: shell as unknown as ILabShell,
      restorer: null
    }
  );
  return { panels, side, area, activated, added, commands };
}

describe('app/mainpanel', () => {
  it('moves the analysis to a tab in the main area, and back', async () => {
    const { panels, side, area, activated, added, commands } = start();
    expect(panels.current).toBe(side);
    side.parts.show('history');
    await commands.execute(OPEN_IN_MAIN);
    expect(area.widgets).toHaveLength(1);
    expect(added).toEqual([{ mode: 'split-right' }]);
    expect(side.isVisible).toBe(false);
    const { current } = panels;
    expect(current.node.getAttribute('aria-label')).toBe(current.label);
    expect(current).not.toBe(side);
    expect(current.parts.view).toBe('history');

    // What opens next is shown there.
    panels.open();
    expect(activated.at(-1)).toBe('lit-lab-main');
    await commands.execute(OPEN_IN_MAIN);
    expect(area.widgets).toHaveLength(1);

    current.parts.show('models');
    panels.toSide();
    expect(current.isDisposed).toBe(true);
    expect(panels.current).toBe(side);
    expect(side.isVisible).toBe(true);
    expect(side.parts.view).toBe('models');
  });

  it('uses the side panel where the tab is behind another', async () => {
    const { panels, side, area, activated, commands } = start();
    await commands.execute(OPEN_IN_MAIN);
    area.widgets[0].hide();
    expect(panels.current).toBe(side);
    panels.open();
    expect(activated.at(-1)).toBe('side');
  });

  it('shows what a click in the side panel opens there, beside a tab that can be seen', async () => {
    const { panels, side, area, commands } = start();
    await commands.execute(OPEN_IN_MAIN);
    side.show();
    expect(panels.current).not.toBe(side);
    side.node.tabIndex = 0;
    side.node.focus();
    expect(panels.current).toBe(side);
    area.widgets[0].hide();
    expect(panels.current).toBe(side);
    area.widgets[0].show();
    side.node.blur();
    expect(panels.current).not.toBe(side);
  });

  it('restores the tab without taking the focus or closing the side', async () => {
    const { side, activated, commands } = start();
    await commands.execute(OPEN_IN_MAIN, { isRestored: true });
    expect(activated).toEqual([]);
    expect(side.isVisible).toBe(true);
  });
});
