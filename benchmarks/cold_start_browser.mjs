/* global MutationObserver, clearInterval, clearTimeout, document, performance, setInterval, setTimeout, window */
/**
 * From the right-click to the answer's overlay, in a headless Chromium.
 *
 * `node cold_start_browser.mjs <url of JupyterLab> <token>` prints JSON: the times of the first (cold) run and of a
 * second (warm) one, in seconds since their right-click, and the longest time that the panel showed nothing new.
 * Clicks follow each other at once, since a user's pauses would only give the service more time to start.
 */
import console from 'node:console';
import process from 'node:process';

import { launch } from './browser.mjs';

const PATIENCE = 180_000;
const [url, token] = process.argv.slice(2);

/** In the page: record every 50 ms whether the panel says what it waits for, or has just shown something new. */
function watchWords() {
  const watch = { silence: 0, since: performance.now(), last: '', words: [] };
  const start = performance.now();
  watch.timer = setInterval(() => {
    const region = document.querySelector(
      '[role="region"][aria-label="Prompt salience"]'
    );
    const words = region?.innerText ?? '';
    const waiting = [...(region?.querySelectorAll('.lit-waiting') ?? [])]
      .map(element => element.innerText.trim())
      .filter(text => text !== '');
    const now = performance.now();
    if (words !== watch.last || waiting.length > 0) {
      watch.since = now;
    }
    watch.last = words;
    watch.silence = Math.max(watch.silence, now - watch.since);
    const said = (waiting[0] ?? '').replace(/\s+\d+ s$/, '');
    if (said !== (watch.words.at(-1)?.[1] ?? '')) {
      watch.words.push([(now - start) / 1000, said]);
    }
  }, 50);
  window.litLabWatch = watch;
}

/** In the page: the records of {@link watchWords}. */
function readWords() {
  const { timer, silence, words } = window.litLabWatch;
  clearInterval(timer);
  return { silence: silence / 1000, words };
}

/**
 * In the page: press Run, click the answer's sentence, and wait for its overlay, each as soon as possible. From outside,
 * the test driver would add some tenths of a second to each step.
 */
async function drive({ answered, patience }) {
  const start = window.litLabStart;
  const marks = {};
  const until = (name, find) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = find();
        if (found) {
          observer.disconnect();
          clearTimeout(timer);
          marks[name] = (performance.now() - start) / 1000;
          resolve(found);
        }
      };
      const observer = new MutationObserver(look);
      const timer = setTimeout(
        () => reject(new Error(`no ${name} after ${patience} ms`)),
        patience
      );
      observer.observe(document.body, {
        attributes: true,
        characterData: true,
        childList: true,
        subtree: true
      });
      look();
    });
  const region = () =>
    document.querySelector('[role="region"][aria-label="Prompt salience"]');
  const segments = () => [
    ...(region()?.querySelectorAll(
      '[role="group"][aria-label="Answer"] [data-segment]'
    ) ?? [])
  ];
  const button = await until('panel', () =>
    [...(region()?.querySelectorAll('button') ?? [])].find(
      element => /Run$/.test(element.textContent) && element.offsetParent
    )
  );
  // The previous run left its answer there.
  const old = new Set(segments());
  button.click();
  await until('first word', () => segments().some(e => !old.has(e)));
  const sentence = await until('answer', () =>
    segments().findLast(
      e =>
        e.textContent.includes(answered) &&
        e.getAttribute('aria-disabled') === 'false'
    )
  );
  sentence.click();
  await until('overlay', () =>
    document.querySelector('.jp-Notebook .cm-line .lit-shade')
  );
  return marks;
}

async function run(page, text, answered) {
  const at = page
    .locator('.jp-Notebook .cm-line')
    .filter({ hasText: text })
    .first();
  await at.scrollIntoViewIfNeeded();
  await page.evaluate(watchWords);
  await page.evaluate(() => {
    document.addEventListener(
      'contextmenu',
      () => {
        window.litLabStart = performance.now();
      },
      { capture: true, once: true }
    );
  });
  await at.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Analyze prompt' }).click();
  const seconds = await page.evaluate(drive, { answered, patience: PATIENCE });
  return { seconds, ...(await page.evaluate(readWords)) };
}

const browser = await launch();
try {
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 }
  });
  page.setDefaultTimeout(30_000);
  await page.goto(`${url}/lab/tree/prompt_debugging.ipynb?token=${token}`);
  await page
    .locator('.jp-Notebook .cm-line')
    .filter({ hasText: 'Suggestion: Onion soup' })
    .first()
    .waitFor();
  // A notebook that has just opened is still busy, and nobody clicks faster than this.
  await page.waitForTimeout(3_000);
  const cold = await run(page, 'Suggestion: Onion soup', 'Recommendation:');
  await page.keyboard.press('Escape');
  const line = page
    .locator('.jp-Notebook .cm-line')
    .filter({ hasText: 'Recommendation: You have to try it.' })
    .first();
  await line.click();
  await page.keyboard.press('End');
  await page.keyboard.press('Shift+Home');
  await page.keyboard.type('Recommendation: Avoid.');
  const warm = await run(page, 'Suggestion: Onion soup', 'Recommendation:');
  console.log(JSON.stringify({ cold, warm }));
} finally {
  await browser.close();
}
