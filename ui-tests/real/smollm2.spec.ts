/** A first real model without an account: found, downloaded by pip, run and explained. Screenshots go into screenshots/. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { widen, theme } from '../looks/window';
import {
  analyzeAt,
  COLD,
  line,
  openNotebook,
  overlay,
  Panel,
  servicePid,
  TUTORIAL
} from '../tests/lab';

const TITLE = 'SmolLM2 135M Instruct';
const NAME = 'smollm2-135m';

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.screenshot({ path: `screenshots/real-${name}.png` });
}

test('the model to begin with is fetched, asked and explained', async ({
  page,
  request,
  tmpPath
}) => {
  // The list of this machine's models is there once the service runs.
  await request.post('/lit-lab/api/service/start');
  await servicePid(request);
  const panel = new Panel(page);
  const facts = panel.region.locator('.lit-facts');
  const manager = panel.region.getByRole('region', { name: 'Models' });
  const smollm2 = manager
    .getByRole('list', { name: 'Models', exact: true })
    .getByRole('listitem', { name: NAME });

  await test.step('add and download it', async () => {
    await openNotebook(page, tmpPath, TUTORIAL);
    await page.evaluate(async () => {
      await window.jupyterapp.commands.execute('lit-lab:manage-models');
    });
    const add = manager.getByRole('button', { name: `Add ${TITLE}` });
    await expect(async () => {
      if (!(await add.isVisible())) {
        await manager.getByRole('button', { name: 'Add a model…' }).click();
      }
      await add.click({ timeout: 5_000 });
    }).toPass();
    await expect(smollm2).toContainText('not downloaded');
    await smollm2.getByRole('button', { name: `Download ${NAME}` }).click();
    await expect(smollm2.getByRole('progressbar')).toBeVisible();
    await expect(
      smollm2.getByRole('button', { name: `Unload ${NAME}` })
    ).toBeVisible({ timeout: COLD });
    await expect(smollm2).toContainText('Q4_1, read as float32');
    await smollm2.getByRole('radio').check();
  });

  await test.step('the tutorial’s prompt, to the end of its pattern', async () => {
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await panel.insight('Options');
    await panel.region
      .getByRole('combobox', { name: 'Chat format' })
      .selectOption('off');
    await panel.insight('What led to');
    await panel.region
      .getByRole('button', { name: /^Stop at “Taste-likes:”\?/ })
      .click();
    await panel.generate('Recommendation:');
    await expect(facts).toContainText(/ended before “\\nTaste-likes:”/);
    await panel.explain('Recommendation:');
    await expect(panel.topSegments.getByRole('listitem')).toHaveCount(5);
    // The prompt's mistake is among the top segments, and shaded in the cell.
    await expect(panel.topSegments).toContainText('You have to try it.');
    await expect(
      overlay(line(page, 'Recommendation: You have to try it.')).first()
    ).toBeVisible();
    await shoot(page, 'tutorial');
    for (const width of [320, 700]) {
      await widen(page, panel, width);
      await shoot(page, `tutorial-${width}`);
    }
    await theme(page, 'JupyterLab Dark');
    await shoot(page, 'tutorial-dark');
    await widen(page, panel, 320);
    await shoot(page, 'tutorial-320-dark');
    await theme(page, 'JupyterLab Light');
  });

  await test.step('a question, in its own chat template', async () => {
    await panel.insight('Options');
    await panel.region
      .getByRole('combobox', { name: 'Chat format' })
      .selectOption('auto');
    await panel.insight('What led to');
    await panel.edit.click();
    await panel.prompt.fill('What is the capital of France?');
    await expect(panel.region.locator('.lit-count-tokens')).toContainText(
      /\d+ of 8,192/
    );
    await panel.ask();
    await panel.region.getByRole('button', { name: 'Close editor' }).click();
    await panel.answered('Paris');
    await expect(facts).toContainText('chat format');
    await panel.explain('Paris');
    await expect(panel.topSegments).toContainText(
      'What is the capital of France?'
    );
    await shoot(page, 'chat');
  });
});
