/** What those see of the model service's log who may only look. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import { PanelContext } from '../components/context';
import { Problem } from '../components/notices';
import { DatasetsModel } from '../datasets';
import { FakeServer } from '../datasets/fakes';
import { FakeClient, FakeSource, until } from '../session/fakes';
import type { Session } from '../session/session';
import { CommandIDs, panelPlugin } from './panel';

// A worker's address is of the bundle.
jest.mock('./matcher', () => ({ makeMatcher: () => null }));

const trans = nullTranslator.load('lit_lab');

/** jsdom has no requests. */
class PlainRequest {
  constructor(readonly url: string) {}
  readonly headers = new Map<string, string>();
}

/** The plugin, started in an application of a user who may do some things. */
async function start(
  allowed: readonly string[],
  datasets?: DatasetsModel
): Promise<{
  commands: CommandRegistry;
  session: Session;
  /** The side panel. */
  panel: Widget;
}> {
  const client = new FakeClient();
  const answer = async (url: string) => {
    return url.includes('/models')
      ? client.models()
      : { ...(await client.status()), allowed };
  };
  const commands = new CommandRegistry();
  const nothing = () => undefined;
  const panels: Widget[] = [];
  const app = {
    commands,
    shell: {
      add: (panel: Widget) => panels.push(panel),
      activateById: (id: string) =>
        panels.find(panel => panel.id === id)?.activate()
    },
    contextMenu: { addItem: nothing },
    contextMenuHitTest: nothing,
    restored: new Promise(nothing),
    serviceManager: {
      serverSettings: ServerConnection.makeSettings({
        baseUrl: 'http://localhost/',
        fetch: async request => {
          const { url } = request as unknown as PlainRequest;
          const body = JSON.stringify(await answer(url));
          return { ok: true, text: async () => body } as Response;
        },
        Request: PlainRequest as unknown as typeof Request
      })
    }
  };
  const none = {
    chosen: new Signal({}),
    filled: new Signal({}),
    revealed: new Signal({}),
    changed: new Signal({})
  };
  const session = (await panelPlugin.activate(
    app as unknown as JupyterFrontEnd,
    datasets ?? (none as unknown as DatasetsModel),
    null,
    null,
    null,
    null,
    null
  )) as Session;
  await session.service.refresh();
  return { commands, session, panel: panels[0] };
}

describe('app/panel', () => {
  it('shows the log to those who may run prompts', async () => {
    const { commands, session } = await start(['read', 'write', 'execute']);
    expect(commands.isVisible(CommandIDs.log)).toBe(true);
    expect(commands.isEnabled(CommandIDs.log)).toBe(true);
    session.dispose();
  });

  it.each([[['read']], [['read', 'write']], [[]]])(
    'hides the log from those who may %j',
    async allowed => {
      const { commands, session } = await start(allowed);
      expect(commands.isVisible(CommandIDs.log)).toBe(false);
      expect(commands.isEnabled(CommandIDs.log)).toBe(false);
      session.dispose();
    }
  );

  it('applies the prompt to its cell by a command', async () => {
    const { commands, session } = await start(['read', 'write', 'execute']);
    const source = new FakeSource('one');
    session.open(source);
    expect(commands.isEnabled(CommandIDs.apply)).toBe(false);
    const changed = jest.fn();
    commands.commandChanged.connect(changed);
    session.prompt.edit('two');
    expect(commands.isEnabled(CommandIDs.apply)).toBe(true);
    expect(changed).toHaveBeenCalledTimes(1);
    await commands.execute(CommandIDs.apply);
    expect(source.text?.value).toBe('two');
    expect(commands.isEnabled(CommandIDs.apply)).toBe(false);
    session.dispose();
  });

  it('shows the datasets, with the focus in them, when a file is opened beside a prompt', async () => {
    Element.prototype.scrollIntoView = () => undefined;
    const datasets = new DatasetsModel(new FakeServer().client, trans);
    const { session, panel } = await start(['read', 'write'], datasets);
    Widget.attach(panel, document.body);
    session.open(new FakeSource('one'));
    await until(() => document.activeElement?.textContent === '▶ Run');
    const shown = () =>
      [...panel.node.querySelectorAll('[role="tabpanel"]:not([hidden])')].map(
        each => each.querySelector('[aria-label]')?.getAttribute('aria-label')
      );
    expect(shown()).not.toContain('Datasets');
    await datasets.openFile('own.csv');
    await until(() => document.activeElement?.textContent === 'Datasets');
    expect(document.activeElement?.getAttribute('aria-selected')).toBe('true');
    expect(shown()).toContain('Datasets');
    expect(panel.node.textContent).toContain('Write a headline.');
    panel.dispose();
    session.dispose();
    datasets.dispose();
  });

  it.each([true, false])('offers it beside a failure: %s', may => {
    const drawn = renderToStaticMarkup(
      <PanelContext
        value={{
          trans,
          showLog: may ? () => undefined : undefined,
          openMenu: () => undefined
        }}
      >
        <Problem
          problem={{ message: 'It failed.', hint: '', remedies: ['log'] }}
        />
      </PanelContext>
    );
    expect(drawn.includes('Show log')).toBe(may);
  });
});
