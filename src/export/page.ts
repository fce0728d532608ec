/** One or two runs as one HTML file that needs nothing else. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { VERSION } from '../api/version';
import type { RunRecord } from '../api';
import type { TokenSpan } from '../salience';
import { escapeHtml, escapeJson, oneLine } from './escape';
import type { IPageData } from './page/data';
import { packRun } from './packed';
import { Reading } from './reading';
import type { ILook } from './reading';
import { staticReader, styleByAttributes } from './staticReader';

/** The parts of a page; see bundle.d.ts. */
export type IPageParts = typeof import('./bundle');

/** How a page shows its runs first. */
export interface IPageOptions {
  readonly look: ILook;
  /** The initial target of each run; null: the last one with a map. */
  readonly targets: readonly (TokenSpan | null)[];
  readonly trans: TranslationBundle;
}

/**
 * Make a page that opens from disk and makes no requests.
 *
 * @param runs - one, or two to compare.
 */
export function makePage(
  runs: readonly RunRecord[],
  { look: wished, targets, trans }: IPageOptions,
  parts: IPageParts
): string {
  const readings = runs.map(run => new Reading(run));
  const look = { ...wished, method: readings[0].methodLike(wished.method) };
  const data: IPageData = {
    runs: runs.map(packRun),
    look,
    targets: readings.map((reading, i) =>
      reading.begin(targets[i] ?? null, look.method)
    )
  };
  const still = staticReader({ readings, look, targets: data.targets, trans });
  styleByAttributes(still);
  const policy = [
    "default-src 'none'",
    `script-src '${parts.SCRIPT_HASH}'`,
    `style-src '${parts.STYLE_HASH}'`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ');
  const title = titleOf(readings, trans);
  const intro =
    runs.length > 1
      ? trans.__(
          'Two runs side by side. In each, the outlined part of the answer is explained: the stronger a part before it is shaded, the more that part led to it.'
        )
      : trans.__(
          'The outlined part of the answer is explained: the stronger a part before it is shaded, the more that part led to it.'
        );
  const saved = trans.__(
    'Saved by LIT Lab %1 on %2. This file contains everything it shows and makes no network requests.',
    VERSION,
    new Date().toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  );
  return `<!DOCTYPE html>
<html lang="${escapeHtml(document.documentElement.lang || 'en')}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="LIT Lab ${VERSION}">
<title>${escapeHtml(title)}</title>
<style>${parts.STYLE}</style>
</head>
<body>
<header class="lit-page-header">
<h1>${escapeHtml(trans.__('Prompt salience'))}</h1>
<p>${escapeHtml(intro)} <span class="lit-page-live">${escapeHtml(
    trans.__('Click another part of the answer to explain that one.')
  )}</span></p>
</header>
<main id="lit-reader">${still.outerHTML}</main>
<footer class="lit-page-footer"><p>${escapeHtml(saved)}</p></footer>
<script id="lit-data" type="application/json">${escapeJson(data)}</script>
<script>${parts.SCRIPT}</script>
</body>
</html>
`;
}

/** A page's title in a browser's tab. */
function titleOf(
  readings: readonly Reading[],
  trans: TranslationBundle
): string {
  const names = readings.map(
    ({ record }) => record.title || oneLine(record.answer, 60) || record.model
  );
  return trans.__('%1 – prompt salience', names.join(' | '));
}
