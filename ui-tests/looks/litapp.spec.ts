/** LIT's own app in every state that a person meets, to be looked at. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { test } from '@jupyterlab/galata';

import {
  analyzeAt,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from '../tests/lab';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 180_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(720, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `screenshots/${name}.png` });
}

test('LIT: first', async ({ page, tmpPath }) => {
  page.on('console', m =>
    console.log('CONSOLE', m.type(), m.text().slice(0, 300))
  );
  page.on('requestfailed', r =>
    console.log('FAILED', r.url().slice(0, 200), r.failure()?.errorText)
  );
  page.on('response', r => {
    if (r.status() >= 400)
      console.log('STATUS', r.status(), r.url().slice(0, 200));
  });
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.ask('Recommendation: You have to try it.');
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-lit');
  });
  await shoot(page, 'lit-starting');
  await page.waitForTimeout(9000);
  await shoot(page, 'lit-first');
  await page.waitForTimeout(5000);
  await shoot(page, 'lit-second');
});
