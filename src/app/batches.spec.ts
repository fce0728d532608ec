import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { WidgetTracker } from '@jupyterlab/apputils';
import { ServerConnection } from '@jupyterlab/services';
import { Widget } from '@lumino/widgets';

import { CONTEXT } from '../components/fixtures';
import type { DatasetsModel } from '../datasets';
import { settle } from '../session/fakes';
import { Scenario } from '../session/scenario';
import { openBatches } from './batches';

describe('app/batches', () => {
  it('opens one tab on a double click', async () => {
    const scenario = await Scenario.begin();
    const inMain: Widget[] = [];
    const shell = {
      widgets: () => inMain,
      add: (tab: Widget) => {
        inMain.push(tab);
        Widget.attach(tab, document.body);
      },
      activateById: () => undefined,
      currentWidget: null
    };
    const added: (() => void)[] = [];
    const tracker = {
      add: () => new Promise<void>(resolve => added.push(resolve))
    };
    const surroundings = {
      app: {
        shell,
        serviceManager: { serverSettings: ServerConnection.makeSettings() }
      } as unknown as JupyterFrontEnd,
      session: scenario.session,
      datasets: { current: null } as unknown as DatasetsModel,
      context: CONTEXT,
      tracker: tracker as unknown as WidgetTracker,
      showAnalysis: () => undefined
    };
    const both = [
      openBatches(surroundings, true),
      openBatches(surroundings, true)
    ];
    await settle();
    expect(inMain).toHaveLength(0); // not before the layout knows its name
    added.forEach(resolve => resolve());
    await Promise.all(both);
    expect(inMain).toHaveLength(1);
    inMain.forEach(tab => tab.dispose());
    scenario.session.dispose();
  });
});
