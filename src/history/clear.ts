import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { HistoryModel } from '.';

/** Delete all runs, after a confirmation. Starred ones stay, unless the user includes them. */
export async function clearHistory(
  history: HistoryModel,
  trans: TranslationBundle
): Promise<void> {
  const count = await history.countAll();
  if (count === null) {
    return;
  }
  const { all, starred } = count;
  const others = all - starred;
  const deleted = trans._n(
    '%1 run and its maps will be deleted. That can’t be undone.',
    '%1 runs and their maps will be deleted. That can’t be undone.',
    others
  );
  const kept = trans._n(
    '%1 starred run stays.',
    '%1 starred runs stay.',
    starred
  );
  const { button, isChecked } = await showDialog({
    title: trans.__('Delete all earlier runs?'),
    body:
      starred === 0
        ? deleted
        : others === 0
          ? trans._n(
              'The only run is starred, and stays.',
              'All %1 runs are starred, and stay.',
              starred
            )
          : `${deleted} ${kept}`,
    checkbox:
      starred === 0
        ? null
        : {
            label: trans._n(
              'Also delete %1 starred run',
              'Also delete %1 starred runs',
              starred
            ),
            checked: false
          },
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    // Enter, pressed without reading, must delete nothing.
    defaultButton: 0
  });
  if (button.accept) {
    await history.clear(isChecked === true);
  }
}
