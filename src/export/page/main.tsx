/** The script of an exported page. Bundled into one string by scripts/build_page.mjs. */
import React from 'react';
import { createRoot } from 'react-dom/client';

import { checkLook, checkTarget } from '../checked';
import { unpackRun } from '../packed';
import { Reader } from '../reader';
import { Reading } from '../reading';
import type { IPageData } from './data';
import { WORDS } from './words';

const node = document.getElementById('lit-reader')!;

/** Draw the runs in place of the still picture that is there for whoever runs no scripts. */
function draw(): void {
  // Anybody may have changed the file.
  const data = JSON.parse(
    document.getElementById('lit-data')!.textContent!
  ) as Partial<Record<keyof IPageData, unknown>>;
  const { runs, targets } = data;
  if (!Array.isArray(runs) || runs.length === 0 || runs.length > 2) {
    throw new Error('There is no run in it.');
  }
  const wished: readonly unknown[] = Array.isArray(targets) ? targets : [];
  const readings = runs.map(run => new Reading(unpackRun(run)));
  createRoot(node).render(
    <Reader
      readings={readings}
      look={checkLook(data.look)}
      targets={readings.map((_, i) => checkTarget(wished[i]))}
      trans={WORDS}
    />
  );
  document.documentElement.dataset.live = 'true';
}

try {
  draw();
} catch (reason) {
  const told = document.createElement('p');
  told.role = 'alert';
  told.textContent = `${WORDS.__('This run can’t be shown.')} ${
    reason instanceof Error ? reason.message : ''
  }`;
  node.before(told);
}
