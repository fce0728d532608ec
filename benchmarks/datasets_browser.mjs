/* global document, requestAnimationFrame, window */
/**
 * Scrolls the list of `large.jsonl` in a headless Chromium while a trace is taken.
 *
 * `node datasets_browser.mjs <url of JupyterLab> <token>` prints JSON: the longest task that ran script (ms), as wall and
 * as processor time, how many of them took over 16 ms, and how many rows went by.
 */
import console from 'node:console';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import process from 'node:process';
import { fileURLToPath, URL } from 'node:url';

const require = createRequire(
  fileURLToPath(new URL('../ui-tests/package.json', import.meta.url))
);
const { chromium } = require('@playwright/test');

const PATIENCE = 180_000;
const [url, token] = process.argv.slice(2);

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

const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu']
});
try {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 1000 }
  });
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${url}/lab?token=${token}`);
  await page.waitForFunction(() => window.jupyterapp !== undefined);
  await page.evaluate(async () => {
    await window.jupyterapp.restored;
    await window.jupyterapp.commands.execute('lit-lab:open-dataset', {
      path: 'large.jsonl'
    });
  });
  const list = page.locator('.lit-window');
  await list.getByText('Row 0:').waitFor();
  await page.waitForFunction(
    () => !document.querySelector('.lit-datasets .lit-waiting')
  );
  const box = await list.boundingBox();
  await page.mouse.move(box.x + 80, box.y + 80);
  await page.waitForTimeout(2000);

  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'v8.execute']
  });
  for (let step = 0; step < 120; step++) {
    await page.mouse.wheel(0, step < 100 ? 300 : 40_000);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
  await page.waitForTimeout(1000);
  const trace = JSON.parse((await browser.stopTracing()).toString());
  const top = await list.evaluate(element => element.scrollTop);

  // The page's own main thread: the one with most script.
  const scripts = trace.traceEvents.filter(({ name }) =>
    [
      'FunctionCall',
      'EvaluateScript',
      'RunMicrotasks',
      'FireAnimationFrame'
    ].includes(name)
  );
  const count = new Map();
  for (const { pid, tid } of scripts) {
    count.set(`${pid}:${tid}`, (count.get(`${pid}:${tid}`) ?? 0) + 1);
  }
  const [main] = [...count].sort((a, b) => b[1] - a[1])[0];
  const tasks = trace.traceEvents.filter(
    ({ name, ph, pid, tid, ts, dur }) =>
      name === 'RunTask' &&
      ph === 'X' &&
      `${pid}:${tid}` === main &&
      scripts.some(
        script =>
          `${script.pid}:${script.tid}` === main &&
          script.ts >= ts &&
          script.ts < ts + dur
      )
  );
  const longest = key =>
    Math.max(...tasks.map(task => (task[key] ?? 0) / 1000));
  console.log(
    JSON.stringify({
      task_ms: longest('dur'),
      task_cpu_ms: longest('tdur'),
      tasks: tasks.length,
      tasks_over: tasks.filter(({ dur }) => dur > 16_000).length,
      rows_scrolled: Math.round(top / 44)
    })
  );
} finally {
  await browser.close();
}
