/** The script of an exported page. Bundled into one string by scripts/build_page.mjs. */
import React from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { checkLook, checkTarget } from '../checked';
import { unpackRun } from '../packed';
import { Reader } from '../reader';
import { Reading } from '../reading';
import type { IPageData } from './data';
import { WORDS } from './words';

const node = document.getElementById('lit-reader')!;

/** The page's data, which anybody may have changed. */
function read(): Partial<Record<keyof IPageData, unknown>> {
  let data: unknown;
  try {
    data = JSON.parse(document.getElementById('lit-data')!.textContent!);
  } catch {
    throw new Error(WORDS.__('Its data is damaged.'));
  }
  return typeof data === 'object' && data !== null ? data : {};
}

/** Replace the static picture, which browsers without scripts show, with the runs. */
function draw(): void {
  const { runs, targets, look } = read();
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > 2) {
    throw new Error(WORDS.__('There is no run in it.'));
  }
  const wished: readonly unknown[] = Array.isArray(targets) ? targets : [];
  const readings = runs.map(run => new Reading(unpackRun(run)));
  // Synchronously, so that a failure in it is reported: React would leave a blank page.
  flushSync(() =>
    createRoot(node).render(
      <Reader
        readings={readings}
        look={checkLook(look)}
        targets={readings.map((_, i) => checkTarget(wished[i]))}
        trans={WORDS}
      />
    )
  );
  document.documentElement.dataset.live = 'true';
}

try {
  draw();
} catch (reason) {
  const alert = document.createElement('p');
  alert.setAttribute('role', 'alert'); // not every browser has it as a property
  alert.textContent = `${WORDS.__('This run can’t be shown.')} ${
    reason instanceof Error ? reason.message : ''
  }`;
  node.before(alert);
}
