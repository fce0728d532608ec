import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { rendererFactory } from '../export/renderer';
import type { IShared, Sharing } from '../export/sharing';
import type { TokenSpan } from '../salience';
import { ISession } from '../session/tokens';
import { SHARE_COMMANDS } from './sharecommands';
import type { ShareCommand } from './sharecommands';

/** Shares finished runs, and renders those in notebooks' outputs. */
export const sharingPlugin: JupyterFrontEndPlugin<void> = {
  id: 'lit-lab:sharing',
  description: 'Shares runs as pages, pictures, JSON and outputs of notebooks.',
  autoStart: true,
  requires: [ISession],
  optional: [
    INotebookTracker,
    IRenderMimeRegistry,
    ICommandPalette,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    session: ISession,
    tracker: INotebookTracker | null,
    rendermime: IRenderMimeRegistry | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('lit_lab');
    const { commands } = app;
    rendermime?.addFactory(rendererFactory(trans));

    let sharing: Promise<Sharing> | null = null;
    const prepare = async (): Promise<Sharing> => {
      const { Sharing } = await import('../export/sharing');
      return new Sharing({
        trans,
        look: () => session.settings,
        tracker,
        activate: id => app.shell.activateById(id)
      });
    };
    // Modules that only sharing needs load with the first use.
    const prepared = () => {
      sharing ??= prepare().catch(error => {
        sharing = null; // Try again next time.
        throw error;
      });
      return sharing;
    };
    /** The given runs of the history, or the shown one. */
    const find = async (
      args: ReadonlyPartialJSONObject
    ): Promise<IShared[]> => {
      const { shown } = session;
      const ids = idsOf(args);
      if (ids.length === 0) {
        return shown ? [{ ...shown, record: shown.record() }] : [];
      }
      const { ApiClient } = await import('../api/client');
      const client = new ApiClient({
        serverSettings: app.serviceManager.serverSettings,
        translator: translator ?? undefined
      });
      const targets = targetsOf(args);
      return Promise.all(
        ids.map(async (id, i) => ({
          record: await client.run(id),
          target: targets[i] ?? (shown?.id === id ? shown.target : null),
          link: shown?.id === id ? shown.link : null
        }))
      );
    };

    const add = (
      command: ShareCommand,
      label: string,
      caption: string,
      share: (
        sharing: Sharing,
        run: IShared,
        all: readonly IShared[]
      ) => void | Promise<void>
    ) => {
      commands.addCommand(command, {
        label,
        caption,
        isEnabled: args => idsOf(args).length > 0 || session.shown !== null,
        describedBy: {
          args: {
            type: 'object',
            properties: {
              run: {
                type: 'string',
                description: trans.__(
                  'Id of a run in the history. Default: the run shown in the panel.'
                )
              },
              runs: {
                type: 'array',
                items: { type: 'string' },
                maxItems: 2,
                description: trans.__(
                  'Ids of two runs to be saved side by side'
                )
              },
              targets: {
                type: 'array',
                maxItems: 2,
                description: trans.__(
                  'The first target of each of these runs: a half-open span of tokens, or null'
                )
              }
            }
          }
        },
        execute: async args => {
          try {
            const [ready, runs] = await Promise.all([prepared(), find(args)]);
            if (runs.length > 0) {
              await share(ready, runs[0], runs);
            }
          } catch (error) {
            // The run, or the code that shares it, could not be loaded.
            console.error('lit-lab: the run could not be shared', error);
            await showErrorMessage(
              trans.__('The run could not be shared'),
              error instanceof Error ? error.message : String(error)
            );
          }
        }
      });
      palette?.addItem({ command, category: trans.__('Prompt Salience') });
    };
    add(
      SHARE_COMMANDS.page,
      trans.__('Save Run as HTML Page'),
      trans.__('A single file that opens in any browser, also offline'),
      (ready, run, all) => ready.savePage(all)
    );
    add(
      SHARE_COMMANDS.insert,
      trans.__('Insert Run into Notebook'),
      trans.__('A new cell below the prompt’s, with the map as its output'),
      (ready, run) => ready.insert(run)
    );
    add(
      SHARE_COMMANDS.picture,
      trans.__('Copy Map as Image'),
      trans.__('Copy the map to the clipboard as it is shown'),
      (ready, run) => ready.copyPicture(run)
    );
    add(
      SHARE_COMMANDS.copyJson,
      trans.__('Copy Run as JSON'),
      trans.__(
        'Token ids, token pieces and scores; lit_lab.load_run reads them in Python'
      ),
      (ready, run) => ready.copyJson(run)
    );
    add(
      SHARE_COMMANDS.saveJson,
      trans.__('Save Run as JSON'),
      trans.__(
        'Token ids, token pieces and scores; lit_lab.load_run reads them in Python'
      ),
      (ready, run) => ready.saveJson(run)
    );
    let wasShown = false;
    session.changed.connect(() => {
      const isShown = session.shown !== null;
      if (isShown !== wasShown) {
        wasShown = isShown;
        Object.values(SHARE_COMMANDS).forEach(command => {
          commands.notifyCommandChanged(command);
        });
      }
    });
  }
};

/** Ids of runs in the history from a command's arguments; at most two. */
function idsOf(args: ReadonlyPartialJSONObject): string[] {
  const given = Array.isArray(args.runs) ? args.runs : [args.run];
  return given
    .filter((id): id is string => typeof id === 'string' && id !== '')
    .slice(0, 2);
}

/** Each run's target from a command's arguments. */
function targetsOf(args: ReadonlyPartialJSONObject): (TokenSpan | null)[] {
  const given = Array.isArray(args.targets) ? args.targets : [];
  return given.map(span => {
    const [start, end] = Array.isArray(span) ? span.map(Number) : [];
    return Number.isInteger(start) && 0 <= start && start < end
      ? [start, end]
      : null;
  });
}
