/* global window */
/** What the benchmarks in a browser share: a headless Chromium, JupyterLab in it, and what a trace tells of its page. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

const require = createRequire(
  fileURLToPath(new URL('../ui-tests/package.json', import.meta.url))
);
const { chromium } = require('@playwright/test');

/** How long anything may take on a busy machine, in ms. */
export const PATIENCE = 180_000;

/** Start Chromium: the system's, where there is one, else Playwright's own. */
export function launch() {
  return chromium.launch({
    executablePath: findChromium(),
    // A scroll bar that is hidden can't be dragged.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: [
      '--no-sandbox',
      // People have a graphics card; emulating one would take the processor from the page.
      '--disable-gpu',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'
    ]
  });
}

function findChromium() {
  for (const name of [
    process.env.LIT_LAB_CHROMIUM,
    'chromium',
    'google-chrome'
  ]) {
    try {
      return execFileSync('which', [name ?? ''])
        .toString()
        .trim();
    } catch {
      // Not this one.
    }
  }
  return undefined;
}

/** Open JupyterLab, and a file in it if one is named. */
export async function openLab(browser, url, token, path = '') {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 1000 }
  });
  page.setDefaultTimeout(PATIENCE);
  const tree = path ? `/tree/${path}` : '';
  await page.goto(`${url}/lab${tree}?reset&token=${token}`);
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(() => window.jupyterapp.restored.then(() => undefined));
  return page;
}

/** Categories of a trace that {@link scriptTasks} reads. */
const CATEGORIES = [
  'devtools.timeline',
  'disabled-by-default-devtools.timeline',
  'v8.execute'
];

/** What a trace calls the running of script. */
const SCRIPT = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FireAnimationFrame',
  'FunctionCall',
  'RunMicrotasks',
  'TimerFire'
]);

/** Take a trace while something is done; returns {@link scriptTasks}. */
export async function traced(browser, page, act) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await act();
  return scriptTasks(JSON.parse((await browser.stopTracing()).toString()));
}

/**
 * The tasks of the page's main thread in which script ran: how long each took, whatever else it did, on the clock and on
 * the processor, and how much of it was script; in ms.
 */
function scriptTasks({ traceEvents }) {
  const whole = traceEvents.filter(({ ph }) => ph === 'X');
  const thread = ({ pid, tid }) => `${pid}:${tid}`;
  const scripts = whole.filter(({ name }) => SCRIPT.has(name));
  // The page's own main thread is the one with most script.
  const count = new Map();
  for (const script of scripts) {
    count.set(thread(script), (count.get(thread(script)) ?? 0) + 1);
  }
  const [[main]] = [...count].sort((a, b) => b[1] - a[1]);
  const ofMain = scripts
    .filter(script => thread(script) === main)
    .sort((a, b) => a.ts - b.ts);
  const tasks = whole.filter(
    event => event.name === 'RunTask' && thread(event) === main
  );
  if (tasks.length === 0) {
    throw new Error('This Chromium’s traces have no tasks.');
  }
  return tasks
    .map(({ ts, dur, tdur = 0 }) => {
      let script = 0;
      let until = ts;
      for (const inner of ofMain) {
        if (inner.ts >= until && inner.ts < ts + dur) {
          script += inner.dur; // those inside of it begin before it ends
          until = inner.ts + inner.dur;
        }
      }
      return { wall: dur / 1000, cpu: tdur / 1000, script: script / 1000 };
    })
    .filter(({ script }) => script > 0);
}

/** The value that a share of others isn't above; NaN of none. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}
