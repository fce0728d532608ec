/** The whole answer at once, in JupyterLab's main area. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import { LabIcon } from '@jupyterlab/ui-components';

import type { IPanelContext } from '../panel/context';
import { addToMain, bringToFront } from '../panel/mainarea';
import type { Session } from '../session/session';
import { MatrixModel } from './model';
import { MatrixWidget } from './widget';

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
 * Add the command that opens the matrix.
 *
 * @returns the command's id.
 */
export function addMatrix(
  app: JupyterFrontEnd,
  session: Session,
  context: IPanelContext
): string {
  const { trans } = context;
  const id = 'lit-lab:open-matrix';
  let shown: MainAreaWidget<MatrixWidget> | null = null;
  app.commands.addCommand(id, {
    label: trans.__('Matrix of the Whole Response'),
    caption: trans.__(
      'Show what led to each sentence of the answer, all at once'
    ),
    icon: matrixIcon,
    execute: () => {
      if (!shown || shown.isDisposed) {
        const content = new MatrixWidget(
          new MatrixModel(session),
          context,
          () => void session.service.restart()
        );
        shown = new MainAreaWidget({ content });
        shown.id = 'lit-lab-matrix';
        shown.title.label = trans.__('Response Matrix');
        shown.title.icon = matrixIcon;
        shown.title.closable = true;
      }
      if (!shown.isAttached) {
        addToMain(app.shell, shown, { mode: 'split-bottom' });
      }
      bringToFront(app.shell, shown);
    },
    describedBy: { args: { type: 'object', properties: {} } }
  });
  return id;
}
