/** Screenshots of a busy model: the position in its queue, and a full queue. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { occupy, release } from '../tests/busy';
import {
  analyzeAt,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from '../tests/lab';
import { theme, widen } from './window';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 600_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(600, 4);
  await page.waitForTimeout(600);
  await page.screenshot({
    path: `screenshots/queue-${name}.png`,
    clip: { x: 900, y: 0, width: 540, height: 1000 }
  });
}

test('a full queue, waiting in it for an answer and for a map', async ({
  page,
  request,
  tmpPath
}) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 420);
  await servicePid(request);
  const message = panel.region.locator('.lit-waiting-message').first();
  const jobs: string[] = [];
  try {
    // As many jobs as one user may have.
    jobs.push(await occupy(page.request));
    const fill = async () => {
      const reply = await page.request.post('/lit-lab/api/jobs', {
        data: { kind: 'generate', model: 'demo', prompt: 'Hello' }
      });
      if (reply.status() === 202) {
        jobs.push((await reply.json()).id);
      }
      return reply.status();
    };
    await expect(async () => {
      expect(await fill()).toBe(429);
    }).toPass({ intervals: [1] });
    await panel.run.click();
    await expect(panel.alert.first()).toContainText('of your jobs');
    await shoot(page, 'full');
    await panel.region.getByRole('button', { name: 'Dismiss' }).click();
    await release(page.request, ...jobs.splice(0));

    for (let n = 0; n < 12; n++) {
      jobs.push(await occupy(page.request));
    }
    await panel.run.click();
    await expect(message).toContainText('position 12');
    await shoot(page, 'light');
    await theme(page, 'JupyterLab Dark');
    await shoot(page, 'dark');
    await widen(page, panel, 320);
    await shoot(page, 'narrow-dark');
    await theme(page, 'JupyterLab Light');
    await release(page.request, ...jobs.splice(0));
    await panel.answered('Recommendation:');

    // A map also waits for the jobs before it.
    for (let n = 0; n < 3; n++) {
      jobs.push(await occupy(page.request));
    }
    await panel
      .segments('Answer')
      .last()
      .click({ modifiers: ['Shift'] });
    await panel
      .segments('Answer')
      .first()
      .click({ modifiers: ['Shift'] });
    await expect(message).toContainText('position');
    await shoot(page, 'map');
  } finally {
    await release(page.request, ...jobs);
  }
});
