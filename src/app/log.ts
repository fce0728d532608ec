import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

/** Show the model service's latest log lines. */
export async function showLog(
  fetch: () => Promise<string[]>,
  trans: TranslationBundle
): Promise<void> {
  let text: string;
  try {
    const lines = await fetch();
    text = lines.join('\n') || trans.__('The log is empty so far.');
  } catch (reason) {
    text = reason instanceof Error ? reason.message : String(reason);
  }
  const node = document.createElement('pre');
  node.className = 'lit-log';
  node.tabIndex = 0;
  node.textContent = text;
  await showDialog({
    title: trans.__('Log of the model service'),
    body: new Widget({ node }),
    buttons: [Dialog.okButton({ label: trans.__('Close') })]
  });
}
