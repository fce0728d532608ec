/* global document, requestAnimationFrame, window */
/**
 * Scrolls the list of `large.jsonl` in a headless Chromium while it records a trace.
 *
 * `node datasets_browser.mjs <url of JupyterLab> <token>` prints JSON: the longest task in which script ran, and the 99th
 * percentile, in ms, while the wheel scrolls the list and while its scroll bar is dragged.
 */
import console from 'node:console';
import process from 'node:process';

import { launch, openLab, quantile, traced } from './browser.mjs';

const FRAME = 16;
const [url, token] = process.argv.slice(2);

/** In the page: the next frame. */
const frame = () => new Promise(requestAnimationFrame);

function figures(name, tasks) {
  const of = key => tasks.map(task => task[key]);
  return {
    [`${name}_tasks`]: tasks.length,
    [`${name}_ms`]: Math.max(...of('wall')),
    [`${name}_p99_ms`]: quantile(of('wall'), 0.99),
    [`${name}_cpu_ms`]: Math.max(...of('cpu')),
    [`${name}_script_ms`]: Math.max(...of('script')),
    [`${name}_over`]: tasks.filter(({ wall }) => wall > FRAME).length
  };
}

const browser = await launch();
try {
  const page = await openLab(browser, url, token);
  await page.evaluate(() =>
    window.jupyterapp.commands
      .execute('lit-lab:open-dataset', { path: 'large.jsonl' })
      .then(() => undefined)
  );
  const list = page.locator('.lit-window');
  await list.getByText('Row 0:').waitFor();
  await page.waitForFunction(
    () => !document.querySelector('.lit-datasets .lit-waiting')
  );
  const place = async () => {
    await list.scrollIntoViewIfNeeded();
    return list.boundingBox();
  };
  const top = () => list.evaluate(element => element.scrollTop);

  const wheel = async () => {
    const box = await place();
    await page.mouse.move(box.x + 80, box.y + 80);
    for (let step = 0; step < 150; step++) {
      // Mostly at the pace of reading, and now and then at that of looking for something.
      await page.mouse.wheel(0, step % 10 < 9 ? 300 : 40_000);
      await page.evaluate(frame);
    }
    await page.waitForTimeout(500);
  };
  const drag = async () => {
    const box = await place();
    const x = box.x + box.width - 6;
    const from = box.y + 26; // below the arrow at its end
    await page.mouse.move(x, from);
    await page.mouse.down();
    for (let step = 1; step <= 150; step++) {
      await page.mouse.move(x, from + (step * (box.height - 60)) / 150);
      await page.evaluate(frame);
    }
    await page.mouse.up();
    await page.waitForTimeout(500);
  };
  // Nobody scrolls before the page has settled, and code that never ran isn't compiled.
  await page.waitForTimeout(2000);
  await wheel();

  const byWheel = await traced(browser, page, wheel);
  const wheeled = await top();
  await list.evaluate(element => {
    element.scrollTop = 0;
  });
  await page.waitForTimeout(500);
  const byBar = await traced(browser, page, drag);
  const dragged = await top();
  if (dragged === 0) {
    throw new Error('The scroll bar could not be dragged.');
  }
  console.log(
    JSON.stringify({
      ...figures('wheel', byWheel),
      ...figures('bar', byBar),
      rows_wheeled: Math.round(wheeled / 44),
      rows_dragged: Math.round(dragged / 44)
    })
  );
} finally {
  await browser.close();
}
