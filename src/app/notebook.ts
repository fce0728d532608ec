import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { IEditorLanguageRegistry } from '@jupyterlab/codemirror';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IAnalyzeOptions } from '../notebook/analyze';
import { PointerMemory, placeOfCursor } from '../notebook/pointer';
import { relinkWhenOpen } from '../notebook/relink';
import { panelIcon } from '../panel/icons';
import { ISession } from '../session/tokens';

/** Commands of the notebook side. */
namespace CommandIDs {
  /**
   * Analyze the prompt at the cursor; with `{ at: 'pointer' }`, the one where
   * the context menu was opened.
   */
  export const analyzePrompt = 'lit-lab:analyze-prompt';
}

/** Connects a notebook's cells to the session. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'lit-lab:notebook',
  description: 'Analyzes the prompts in the cells of notebooks.',
  autoStart: true,
  requires: [INotebookTracker, IEditorLanguageRegistry, ISession],
  optional: [IDocumentManager, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    languages: IEditorLanguageRegistry,
    session: ISession,
    docManager: IDocumentManager | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('lit_lab');
    const pointer = new PointerMemory(tracker);
    let options: Promise<IAnalyzeOptions> | null = null;
    // Modules that only an analysis needs load with the first one.
    const prepare = async (): Promise<IAnalyzeOptions> => {
      const [{ ApiClient }, { StringFinder }] = await Promise.all([
        import('../api/client'),
        import('../notebook/strings/finder')
      ]);
      const client = new ApiClient({
        serverSettings: app.serviceManager.serverSettings,
        translator: translator ?? undefined
      });
      return {
        tracker,
        session,
        finder: new StringFinder({
          languages,
          unicodeNames: names => client.unicodeNames(names),
          trans,
          clock: () => performance.now()
        }),
        docManager,
        trans,
        activate: id => app.shell.activateById(id)
      };
    };
    const prepared = () => {
      options ??= prepare().catch(error => {
        options = null; // Modules that failed to load are loaded again next time.
        throw error;
      });
      return options;
    };
    relinkWhenOpen(session, tracker, prepared);
    const command = CommandIDs.analyzePrompt;
    app.commands.addCommand(command, {
      label: trans.__('Analyze prompt'),
      // A toolbar shows the icon alone, and the caption is its button's name.
      caption: args =>
        args.toolbar
          ? trans.__('Analyze prompt')
          : trans.__(
              'Let a language model answer this prompt, and see which parts of it mattered'
            ),
      icon: panelIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            at: {
              type: 'string',
              enum: ['pointer', 'cursor'],
              description: trans.__(
                'Whether to take the prompt where the context menu was opened, or the one at the cursor'
              )
            }
          }
        }
      },
      isEnabled: () => tracker.currentWidget !== null,
      execute: async args => {
        const place =
          (args.at === 'pointer' ? pointer.place : null) ??
          placeOfCursor(tracker);
        if (place === null) {
          return;
        }
        try {
          const { analyze } = await import('../notebook/analyze');
          await analyze(place, await prepared());
        } catch (error) {
          console.error('lit-lab: the prompt could not be analyzed', error);
          await showErrorMessage(
            trans.__('The prompt could not be analyzed'),
            trans.__(
              '%1 Try again; if that does not help, reload the page.',
              error instanceof Error ? `${error.message}.` : ''
            )
          );
        }
      }
    });
    palette?.addItem({ command, category: trans.__('Prompt analysis') });
    tracker.currentChanged.connect(() => {
      app.commands.notifyCommandChanged(command);
    });
  }
};
