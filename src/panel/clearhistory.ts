import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { HistoryModel } from '../history';

/** Delete all earlier runs, after asking. */
export async function clearHistory(
  history: HistoryModel,
  trans: TranslationBundle
): Promise<void> {
  const { button } = await showDialog({
    title: trans.__('Delete all earlier runs?'),
    body: trans._n(
      '%1 run and its maps will be deleted, whether it is starred or not.',
      '%1 runs and their maps will be deleted, starred ones too.',
      history.total
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete all') })
    ]
  });
  if (button.accept) {
    await history.clear();
  }
}
