import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

const DOCS = 'https://pair-code.github.io/lit/documentation/';
const CODE = 'https://github.com/PAIR-code/lit';

/** What LIT's interface links to. Whole addresses: nothing else can travel in one. */
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

/** The notification about a link that isn't followed. */
let notification = '';

/** Open a link that was clicked in LIT, if it is one of LIT's own; say so if it isn't. */
export function followLink(link: string, trans: TranslationBundle): void {
  if (!isClicked()) {
    return;
  }
  if (LINKS.has(link)) {
    window.open(link, '_blank', 'noopener,noreferrer');
  } else {
    // One at a time, however often it is tried.
    Notification.dismiss(notification);
    notification = Notification.info(
      trans.__(
        'From LIT, only links to LIT’s own documentation open. To follow another, copy its address.'
      ),
      { autoClose: 8000 }
    );
  }
}

/** Whether somebody has just clicked or typed, in this page or a frame of it. */
function isClicked(): boolean {
  // Browsers without it ask the same before they open a window.
  return navigator.userActivation?.isActive ?? true;
}
