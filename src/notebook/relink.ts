/** Linking a prompt to its cell again after the page is reloaded. */
import type { INotebookTracker } from '@jupyterlab/notebook';

import type { ISession } from '../session/tokens';
import type { IAnalyzeOptions } from './analyze';
import type { INotebookLink } from './link';

/**
 * Link the session's prompt to its cell again, once the notebook is open.
 *
 * @param prepare - makes what reading a notebook needs; called when there is
 *   something to link.
 */
export function relinkWhenOpen(
  session: ISession,
  tracker: INotebookTracker,
  prepare: () => Promise<IAnalyzeOptions>
): void {
  let tried: unknown = null;
  const relink = async () => {
    const lost = session.lostLink;
    if (lost === null || lost === tried) {
      return;
    }
    const link = lost as unknown as INotebookLink;
    const panel = tracker.find(item => item.context.path === link.path);
    if (panel === undefined) {
      return;
    }
    tried = lost;
    await panel.context.ready;
    const [{ NotebookSource }, options] = await Promise.all([
      import('./source'),
      prepare()
    ]);
    const source = await NotebookSource.create({ ...options, ...link, panel });
    if (session.lostLink === lost) {
      session.relink(source);
    } else {
      source.dispose(); // Another prompt was taken up meanwhile.
    }
  };
  const attempt = () => {
    relink().catch(error => {
      console.warn('lit-lab: the prompt’s cell could not be found', error);
    });
  };
  session.changed.connect(attempt);
  tracker.widgetAdded.connect(attempt);
}
