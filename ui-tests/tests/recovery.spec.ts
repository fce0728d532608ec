/** What remains after a failure: of the model service, of a cell, and with another tab open. */
import { expect, test } from './galata';

import {
  analyzeAt,
  COLD,
  explained,
  kept,
  line,
  NO_KERNEL,
  openNotebook,
  overlay,
  Panel,
  PANEL_OPEN,
  servicePid,
  TUTORIAL
} from './lab';

const TYPED = 'Write one headline about a cat that reads the newspaper.';

test('a service killed in the middle of an answer and of an analysis, and a deleted cell, lose nothing', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);

  await test.step('killed in the middle of an answer', async () => {
    await openNotebook(page, tmpPath, NO_KERNEL);
    await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
    await panel.prompt.fill(TYPED);
    const pid = await servicePid(request);

    // A frozen service is certain to die in the middle of the job.
    process.kill(pid, 'SIGSTOP');
    await panel.run.click();
    await expect(panel.stop).toBeVisible();
    await expect(panel.region.locator('.lit-waiting')).not.toBeEmpty();
    process.kill(pid, 'SIGKILL');

    // The panel says what happened, and the run continues with the next process, without a click.
    await expect(panel.region).toContainText('was killed');
    await expect(panel.prompt).toHaveValue(TYPED);
    await expect(panel.run).toBeVisible({ timeout: COLD });
    await expect(panel.answer).toContainText(/\S/);
    await expect(panel.alert).toHaveCount(0);
    expect(await servicePid(request)).not.toBe(pid);
    await expect(panel.segments('Prompt', TYPED)).toBeVisible();
  });

  await explained(page, tmpPath);
  await test.step('killed in the middle of an analysis', async () => {
    const pid = await servicePid(request);

    // A target of two sentences isn't computed in advance.
    process.kill(pid, 'SIGSTOP');
    await panel
      .segments('Answer')
      .first()
      .click({ modifiers: ['Shift'] });
    await expect(panel.region.locator('.lit-waiting')).not.toBeEmpty();
    process.kill(pid, 'SIGKILL');

    await expect(panel.answer).toContainText('You have to try it.');
    await expect(panel.topSegments).toBeVisible({ timeout: COLD });
    await expect(panel.alert).toHaveCount(0);
  });

  await test.step('a cell deleted meanwhile leaves its prompt in the panel', async () => {
    await line(page, 'Suggestion: Onion soup').click();
    await page.evaluate(async () => {
      const { commands } = window.jupyterapp;
      await commands.execute('notebook:enter-command-mode');
      await commands.execute('notebook:delete-cell');
    });
    await expect(line(page, 'Suggestion: Onion soup')).toHaveCount(0);
    await expect(panel.region).toContainText('no longer there');
    await expect(overlay(page.locator('.jp-Notebook'))).toHaveCount(0);
    await panel.generate('Recommendation: You have to try it.');
    await panel.explain('Recommendation: You have to try it.');
  });
});

test('two tabs ask at once, and both are answered @long', async ({
  page,
  context,
  baseURL,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  const path = await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await expect(panel.run).toBeVisible();

  const other = await context.newPage();
  await other.goto(`${baseURL}/lab/tree/${path}`);
  const otherPanel = new Panel(other);
  await analyzeAt(other, line(other, 'Suggestion: Onion soup'));
  await otherPanel.variable('food_dislikes').fill("Don't like cheese");

  await Promise.all([panel.ask(), otherPanel.ask()]);
  await panel.answered('Recommendation:');
  await otherPanel.answered(/./);
  await expect(
    otherPanel.segments('Prompt', "Taste-dislikes: Don't like cheese")
  ).toBeVisible();
  await expect(
    panel.segments('Prompt', "Taste-dislikes: Can't eat eggs")
  ).toBeVisible();
  await other.close();
});

test('after a reload: an answer, a run that waits, a prompt typed by hand @long', async ({
  page,
  request,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  const path = await openNotebook(page, tmpPath, TUTORIAL);
  await test.step('an answer, its map and its cell are found again', async () => {
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await panel.generate('Recommendation: You have to try it.');
    await panel.explain('Recommendation: You have to try it.');
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('docmanager:save');
    });
    // The state is saved a moment after the last click.
    await kept(page, 'workspaces/default', /"target":\[/, PANEL_OPEN);
    await page.evaluate(() => window.location.reload());
    await expect(panel.answer).toContainText('You have to try it.');
    await expect(panel.topSegments).toBeVisible();
    await page.evaluate(async path => {
      await window.jupyterapp.commands.execute('docmanager:open', { path });
    }, path);
    await expect(
      overlay(line(page, 'Recommendation: You have to try it.')).first()
    ).toBeVisible();
  });

  await test.step('a run that waits is followed, and the matrix is there again', async () => {
    await panel.region.getByRole('button', { name: 'Matrix' }).click();
    const matrix = page.locator('#lit-lab-matrix');
    await expect(matrix).toBeVisible();
    await kept(page, 'workspaces/default', /lit-lab-matrix/, PANEL_OPEN);

    const pid = await servicePid(request);
    process.kill(pid, 'SIGSTOP');
    try {
      await panel.edit.click();
      await panel.prompt.fill('Suggestion: Baguette\nAnalysis:');
      const asked = page.waitForResponse(
        reply =>
          new URL(reply.url()).pathname.endsWith('/lit-lab/api/jobs') &&
          reply.request().method() === 'POST'
      );
      await panel.run.click();
      await asked;
      await page.evaluate(() => window.location.reload());
      // The previous answer, and the current run.
      await expect(panel.stop).toBeVisible({ timeout: COLD });
      await expect(panel.answer).toContainText('You have to try it.');
      await expect(matrix).toBeAttached();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await expect(panel.run).toBeVisible({ timeout: COLD });
    await expect(
      panel.segments('Prompt', 'Suggestion: Baguette')
    ).toBeVisible();
  });

  await test.step('a prompt typed by hand is there again', async () => {
    await page.evaluate(async path => {
      const { commands } = window.jupyterapp;
      await commands.execute('docmanager:open', { path });
      await commands.execute('docmanager:save');
      await commands.execute('application:close-all');
    }, path);
    await openNotebook(page, tmpPath, NO_KERNEL);
    await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
    await panel.prompt.fill(TYPED);
    // The state is saved a moment after the last key.
    await kept(page, 'workspaces/default', new RegExp(TYPED), PANEL_OPEN);
    await page.evaluate(() => window.location.reload());
    await expect(panel.prompt).toHaveValue(TYPED);
  });
});
