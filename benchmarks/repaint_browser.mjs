/* global MessageChannel, MutationObserver, clearTimeout, document, performance, requestAnimationFrame, setTimeout, window */
/**
 * Changes the granularity of a long prompt's map, in a headless Chromium.
 *
 * `node repaint_browser.mjs <url of JupyterLab> <token> <rounds>` opens `long.ipynb`, runs its prompt and explains the
 * answer. Then it prints JSON: for each granularity and round, the time from the click to the frame that shows the change,
 * and the time of script, style, layout and paint in the page's main thread meanwhile; in ms.
 */
import console from 'node:console';
import process from 'node:process';

import { launch, openLab } from './browser.mjs';

const [url, token, rounds] = process.argv.slice(2);
const GRANULARITIES = [
  'Tokens',
  'Words',
  'Sentences',
  'Lines',
  'Paragraphs',
  'Tokens',
  'Sentences'
];
/** Typed after a click on Custom: the first makes many segments, the second few. */
const PATTERNS = ['[,.:]', '\\n\\n'];

/**
 * In the page: resolves with the times from the next click or input to the frame in which the visible part of the text
 * has its final form, and to the frame after the text's last change. A text that an expression splits changes when a
 * worker has responded.
 */
function watch() {
  const flow = document.querySelector('.lit-text');
  let start = 0;
  let end = 0;
  let seen = 0;
  let last = '';
  // The visible segments, with their shades.
  const inSight = () => {
    const found = [];
    const frame = flow.closest('.lit-scroll').getBoundingClientRect();
    for (const segment of flow.querySelectorAll('[data-segment]')) {
      const { top, bottom } = segment.getBoundingClientRect();
      if (bottom > frame.top && top < frame.bottom) {
        const { token, rank, target } = segment.dataset;
        found.push(token, rank, target, segment.getAttribute('style'));
      }
    }
    return found.join();
  };
  const painted = then =>
    requestAnimationFrame(() => {
      // A message arrives once the frame is painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = then;
      port2.postMessage(null);
    });
  const look = () => {
    const at = performance.now();
    const now = inSight();
    if (now !== last) {
      seen = at;
      last = now;
    }
  };
  const onEvent = event => {
    if (!start) {
      start = event.timeStamp;
      // Requested first, it comes before the page's own work after the frame.
      painted(look);
    }
  };
  window.addEventListener('click', onEvent, { capture: true });
  window.addEventListener('input', onEvent, { capture: true });
  window.litLabRepaint = new Promise(resolve => {
    let timer;
    const rest = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        observer.disconnect();
        window.removeEventListener('click', onEvent, { capture: true });
        window.removeEventListener('input', onEvent, { capture: true });
        resolve({ ms: seen - start, whole_ms: end - start });
      }, 500);
    };
    const observer = new MutationObserver(() => {
      clearTimeout(timer);
      painted(() => {
        end = performance.now();
        look();
        rest();
      });
    });
    observer.observe(flow, {
      attributes: true,
      childList: true,
      characterData: true,
      subtree: true
    });
    // Without a change there is no mutation to wait for.
    timer = setTimeout(rest, 8000);
  });
}

const browser = await launch();
try {
  const page = await openLab(browser, url, token, 'long.ipynb');
  const line = page.locator('.jp-Notebook .cm-line').first();
  await line.waitFor();
  await page.waitForTimeout(2000);
  await page
    .locator('.jp-Notebook .cm-line', { hasText: 'Taste-likes' })
    .first()
    .click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Analyze prompt' }).click();
  const panel = page.getByRole('region', { name: 'Prompt salience' });
  await panel.getByRole('button', { name: 'Run', exact: true }).click();
  const answer = panel.getByRole('group', { name: 'Answer', exact: true });
  await answer.locator('[data-segment][aria-disabled="false"]').first().click();
  await panel.getByRole('list', { name: /^What led to/ }).waitFor();
  await page.locator('.jp-Notebook .cm-line .lit-shade').first().waitFor();
  await page.waitForTimeout(2000);

  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration').value;
  };
  const steps = [];
  const step = async (at, to, act) => {
    await page.evaluate(watch);
    const before = await busy();
    await act();
    const { ms, whole_ms } = await page.evaluate(() => window.litLabRepaint);
    const cpu = (await busy()) - before;
    const segments = await panel.locator('.lit-text [data-segment]').count();
    steps[at] ??= { to, segments, ms: [], whole_ms: [], cpu_ms: [] };
    steps[at].ms.push(ms);
    steps[at].whole_ms.push(whole_ms);
    steps[at].cpu_ms.push(cpu);
  };
  const granularity = name =>
    panel
      .getByRole('radiogroup', { name: 'Granularity' })
      .getByRole('radio', { name, exact: true });
  const pattern = panel.getByRole('textbox', { name: 'Regular expression' });
  for (let round = 0; round < Number(rounds); round++) {
    let at = 0;
    for (const name of GRANULARITIES) {
      await step(at++, name, () => granularity(name).click());
    }
    await granularity('By a regular expression').click();
    for (const expression of PATTERNS) {
      await step(at++, expression, () => pattern.fill(expression));
    }
  }
  // The index of the answer's first token is the number of tokens before it.
  const tokens = await answer
    .locator('[data-segment]')
    .first()
    .getAttribute('data-token');
  console.log(JSON.stringify({ prompt_tokens: Number(tokens), steps }));
} finally {
  await browser.close();
}
