import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

const DOCS = 'https://pair-code.github.io/lit/documentation/';
const CODE = 'https://github.com/PAIR-code/lit';

/** The links in LIT's interface. Complete addresses, so that none can carry data. */
const LINKS: ReadonlySet<string> = new Set([
  DOCS,
  `${DOCS}ui_guide.md#global-settings`,
  `${DOCS}components.md#binary-classification-thresholds`,
  `${DOCS}components.md#classification`,
  `${DOCS}components.md#confusion-matrix`,
  `${DOCS}components.md#embedding-projector`,
  `${DOCS}components.md#generators`,
  `${DOCS}components.md#scalar-plots`,
  `${DOCS}components.md#tcav`,
  `${DOCS}components.md#token-based-salience`,
  'https://pair-code.github.io/lit/tutorials',
  CODE,
  `${CODE}/issues`,
  `${CODE}/issues/new`,
  `${CODE}/wiki`
]);

/** The notification about a link that LIT Lab doesn't open. */
let notification = '';

/** Open a link that the user clicked in LIT, if it is one of LIT's own; else say so. */
export function followLink(link: string, trans: TranslationBundle): void {
  if (!isClicked()) {
    return;
  }
  if (LINKS.has(link)) {
    window.open(link, '_blank', 'noopener,noreferrer');
  } else {
    // One notification at a time, however many clicks.
    Notification.dismiss(notification);
    notification = Notification.info(
      trans.__(
        'From LIT, only links to LIT’s own documentation open. To follow another, copy its address.'
      ),
      { autoClose: 8000 }
    );
  }
}

/** Whether the user has just clicked or typed, in this page or a frame of it. */
function isClicked(): boolean {
  // Browsers without this check it before they open a window.
  return navigator.userActivation?.isActive ?? true;
}
