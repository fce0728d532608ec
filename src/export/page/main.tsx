/** The script of an exported page. Bundled into one string by scripts/build_page.mjs. */
import React from 'react';
import { createRoot } from 'react-dom/client';

import { unpackRun } from '../packed';
import { Reader } from '../reader';
import { Reading } from '../reading';
import type { IPageData } from './data';
import { WORDS } from './words';

const data = JSON.parse(
  document.getElementById('lit-data')!.textContent!
) as IPageData;
const readings = data.runs.map(run => new Reading(unpackRun(run)));
// In place of the still picture that is there for whoever runs no scripts.
createRoot(document.getElementById('lit-reader')!).render(
  <Reader
    readings={readings}
    look={data.look}
    targets={data.targets}
    trans={WORDS}
  />
);
document.documentElement.dataset.live = 'true';
