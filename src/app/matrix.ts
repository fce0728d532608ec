/** The whole answer at once, in JupyterLab's main area. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';

import type { IPanelContext } from '../components/context';
import { addToMain, bringToFront } from '../components/mainarea';
import { MatrixModel } from '../matrix/model';
import { MatrixWidget } from '../matrix/widget';
import type { Session } from '../session/session';

/** Its tab's name in the layout, and its id. */
const ID = 'lit-lab-matrix';

/** Squares, some of them weighing more. */
const matrixIcon = new LabIcon({
  name: 'lit-lab:matrix',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <rect x="3" y="3" width="5" height="5" rx="1"/>
    <rect x="9.5" y="3" width="5" height="5" rx="1" opacity=".4"/>
    <rect x="16" y="3" width="5" height="5" rx="1" opacity=".25"/>
    <rect x="3" y="9.5" width="5" height="5" rx="1" opacity=".3"/>
    <rect x="9.5" y="9.5" width="5" height="5" rx="1"/>
    <rect x="16" y="9.5" width="5" height="5" rx="1" opacity=".4"/>
    <rect x="3" y="16" width="5" height="5" rx="1" opacity=".5"/>
    <rect x="9.5" y="16" width="5" height="5" rx="1" opacity=".3"/>
    <rect x="16" y="16" width="5" height="5" rx="1"/>
  </g>
</svg>`
});

/**
 * Add the command that opens the matrix, and restore it with the layout.
 *
 * @returns the command's id.
 */
export function addMatrix(
  app: JupyterFrontEnd,
  session: Session,
  context: IPanelContext,
  restorer: ILayoutRestorer | null
): string {
  const { trans } = context;
  const id = 'lit-lab:open-matrix';
  const tracker = new WidgetTracker<MainAreaWidget<MatrixWidget>>({
    namespace: ID
  });
  const make = () => {
    const content = new MatrixWidget(
      new MatrixModel(session),
      context,
      () => void session.service.restart()
    );
    const made = new MainAreaWidget({ content });
    made.id = ID;
    made.title.label = trans.__('Response Matrix');
    made.title.icon = matrixIcon;
    made.title.closable = true;
    return made;
  };
  app.commands.addCommand(id, {
    label: trans.__('Matrix of the Whole Response'),
    caption: trans.__(
      'Show what led to each sentence of the answer in one table'
    ),
    icon: matrixIcon,
    execute: async ({ isRestored }) => {
      const known = tracker.find(tab => !tab.isDisposed);
      const shown = known ?? make();
      if (!known) {
        // First, so that the layout knows the tab's name when it is stored.
        await tracker.add(shown);
      }
      if (!shown.isAttached) {
        addToMain(app.shell, shown, { mode: 'split-bottom' });
      }
      if (!isRestored) {
        bringToFront(app.shell, shown);
      }
      return shown;
    },
    describedBy: {
      args: { type: 'object', properties: { isRestored: { type: 'boolean' } } }
    }
  });
  void restorer?.restore(tracker, {
    command: id,
    args: () => ({ isRestored: true }),
    name: () => ID
  });
  return id;
}
