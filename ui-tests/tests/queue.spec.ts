/** A model that other users keep busy: the position in its queue, leaving the queue, and the answer in the end. */
import { expect, test } from './galata';

import { occupy, release } from './busy';
import {
  analyzeAt,
  COLD,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from './lab';

test('a waiting user sees the position, leaves the queue by Stop, and is answered in turn', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await servicePid(request);
  // A map may wait, too.
  const message = panel.region
    .getByRole('region', { name: 'Run' })
    .locator('.lit-waiting-message');

  await test.step('behind jobs of one’s own', async () => {
    const others: string[] = [];
    try {
      // With the page's own identity, like another of its tabs: the request comes after all of these.
      for (let n = 0; n < 3; n++) {
        others.push(await occupy(page.request));
      }
      await panel.ask();
      await expect(message).toContainText('position 3', { timeout: COLD });
      await expect(
        panel.region.getByRole('status').filter({ hasText: 'position 3' })
      ).toHaveCount(1);
      await release(page.request, others[1]);
      await expect(message).toContainText('position 2');

      await panel.stop.click();
      await expect(message).toHaveCount(0);
      await expect(panel.alert).toHaveCount(0);
      await expect(panel.variable('food_dislikes')).not.toBeEmpty();
      // Only the one waits now.
      others.push(await occupy(page.request));
      await panel.ask();
      await expect(message).toContainText('position 3', { timeout: COLD });
    } finally {
      await release(page.request, ...others);
    }
    await panel.answered('Recommendation:');
    // In the next step, only the next answer is this user's.
    await panel.mapped();
  });

  await test.step('somebody else’s many jobs hold nobody up', async () => {
    const others: string[] = [];
    try {
      // Without the page's cookie, so these belong to other users.
      for (let n = 0; n < 8; n++) {
        others.push(await occupy(request));
      }
      await panel.ask();
      await expect(message).toContainText('position 1', { timeout: COLD });
      await release(request, others[0]);
      // Seven are left. The panel shows the old answer until its turn comes.
      await expect(message).toHaveCount(0, { timeout: COLD });
      await panel.answered('Recommendation:');
    } finally {
      await release(request, ...others);
    }
  });
});
