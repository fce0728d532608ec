/* global window */
/** Helpers of benchmarks in a browser: a headless Chromium, JupyterLab in it, and figures from a trace of its page. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

const require = createRequire(
  fileURLToPath(new URL('../ui-tests/package.json', import.meta.url))
);
const { chromium } = require('@playwright/test');

/** The timeout for anything on a busy machine, in ms. */
export const PATIENCE = 180_000;

/** Start Chromium: the system's if there is one, else Playwright's own. */
export function launch() {
  return chromium.launch({
    executablePath: findChromium(),
    // A hidden scroll bar can't be dragged.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: [
      '--no-sandbox',
      // Users have a graphics card. Emulating one would take processor time from the page.
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
      // Chromium isn't here.
    }
  }
  return undefined;
}

/** Open JupyterLab, with a file if one is named. */
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

/** The names of script execution in a trace. */
const SCRIPT = new Set([
  'EvaluateScript',
  'EventDispatch',
  'FireAnimationFrame',
  'FunctionCall',
  'RunMicrotasks',
  'TimerFire'
]);

/** Record a trace during an action. Returns {@link scriptTasks}. */
export async function traced(browser, page, act) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await act();
  return scriptTasks(JSON.parse((await browser.stopTracing()).toString()));
}

/**
 * The tasks of the page's main thread in which script ran. For each: its whole wall time and processor time, and the
 * script's share of it; in ms.
 */
function scriptTasks({ traceEvents }) {
  const whole = traceEvents.filter(({ ph }) => ph === 'X');
  const thread = ({ pid, tid }) => `${pid}:${tid}`;
  const scripts = whole.filter(({ name }) => SCRIPT.has(name));
  // The page's main thread is the one with the most script.
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
          script += inner.dur; // nested ones begin before it ends
          until = inner.ts + inner.dur;
        }
      }
      return { wall: dur / 1000, cpu: tdur / 1000, script: script / 1000 };
    })
    .filter(({ script }) => script > 0);
}

/** The value at a quantile. NaN if there are no values. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? NaN;
}
