/** Screenshots of the panel and the notebook, in every state that users see. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import {
  analyzeAt,
  COLD,
  line,
  NO_KERNEL,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from '../tests/lab';
import { theme, widen } from './window';

const ANSWER = 'Recommendation: You have to try it.';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 300_000 });

/** Take a screenshot of the window. */
async function shoot(page: IJupyterLabPageFixture, name: string) {
  // The pointer would hover over something, and a theme's colours fade in.
  await page.mouse.move(720, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: `screenshots/${name}.png` });
}

test('empty, starting, failing', async ({ page, request, tmpPath }) => {
  const panel = new Panel(page);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:open-panel');
  });
  await expect(panel.region).toBeVisible();
  await shoot(page, 'asleep'); // before the model's first request
  await widen(page, panel, 420);
  await shoot(page, 'empty');

  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await shoot(page, 'prompt');
  process.kill(await servicePid(request), 'SIGKILL');
  await page.waitForTimeout(500);
  await panel.run.click();
  await page.waitForTimeout(2500);
  await shoot(page, 'starting');
  await panel.answered(ANSWER);
  const pid = await servicePid(request);
  process.kill(pid, 'SIGSTOP');
  await panel.run.click();
  await expect(panel.stop).toBeVisible();
  process.kill(pid, 'SIGKILL');
  await expect(panel.alert.first()).toBeVisible();
  await shoot(page, 'error');
});

test('a map: light, dark, narrow, wide, other granularities', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await page.setViewportSize({ width: 1440, height: 1100 });
  await page.evaluate(async () => {
    const { commands } = window.jupyterapp;
    await commands.execute('application:toggle-left-area');
    await commands.execute('application:close-all');
  });
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 460);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  // The whole prompt and the panel in one screenshot, for the README.
  await line(page, 'def analyze_menu_item').evaluate(e =>
    e.scrollIntoView({ block: 'start' })
  );
  await expect(panel.region.locator('[data-reliability]')).toBeVisible({
    timeout: COLD
  });
  await panel.region
    .locator('.lit-scroll')
    .evaluate(e => e.scrollTo(0, e.scrollHeight));
  await shoot(page, 'panel-light');
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'panel-dark');
  await panel.region.getByRole('radio', { name: 'Words' }).click();
  await panel.mapped();
  await shoot(page, 'words-dark');
  await panel.method.selectOption('grad · input');
  await panel.mapped();
  await shoot(page, 'signed-dark');
  await theme(page, 'JupyterLab Light');
  await shoot(page, 'signed-light');
  await panel.method.selectOption('L2 norm');
  await panel.region.getByRole('radio', { name: 'Sentences' }).click();
  await widen(page, panel, 230);
  await shoot(page, 'narrow');
  await widen(page, panel, 800);
  await shoot(page, 'wide');
});

test('methods: offered, computed, tested; sampled; certainty', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 420);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.method.selectOption('SHAP');
  await expect(panel.offer.or(panel.topSegments)).toBeVisible();
  await shoot(page, 'method-offered');
  if (await panel.offer.isVisible()) {
    await panel.offer.click();
    await shoot(page, 'method-running');
  }
  await expect(panel.topSegments).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'method-shap');
  await widen(page, panel, 230);
  await shoot(page, 'method-shap-narrow');
  await theme(page, 'JupyterLab Dark High Contrast');
  await widen(page, panel, 420);
  await shoot(page, 'method-shap-contrast');
  await theme(page, 'JupyterLab Light');
  for (const name of ['Integrated gradients', 'Leave one out']) {
    await panel.compute(name);
    await shoot(page, `method-${name.split(' ')[0].toLowerCase()}`);
  }
  await panel.insight('Trust');
  await shoot(page, 'faithfulness-offered');
  await panel.region.getByRole('button', { name: 'Test this map' }).click();
  await expect(panel.region.locator('.lit-verdict')).toBeVisible({
    timeout: 60_000
  });
  await shoot(page, 'faithfulness-light');
  await widen(page, panel, 230);
  await shoot(page, 'faithfulness-narrow');
  await widen(page, panel, 800);
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'faithfulness-wide-dark');
  await widen(page, panel, 420);
  await shoot(page, 'faithfulness-dark');
  await panel.insight('Options');
  await panel.region.getByLabel('Temperature').fill('0.8');
  await panel.region.getByLabel('Seed').fill('3');
  await shoot(page, 'sampling-dark');
  await theme(page, 'JupyterLab Light');
  await shoot(page, 'sampling-light');
  await panel.region.getByLabel('Temperature').fill('0');
  await panel.insight('What led to');
  await panel.method.selectOption('L2 norm');
  await panel.region.getByRole('radio', { name: 'Tokens' }).click();
  await panel.segments('Answer').nth(3).hover();
  await page.waitForTimeout(300);
  await page.screenshot({ path: 'screenshots/certainty-token.png' });
  await panel.region.getByRole('radio', { name: 'Sentences' }).click();
  await panel.segments('Answer').first().hover();
  await page.waitForTimeout(300);
  await page.screenshot({ path: 'screenshots/certainty-sentence.png' });
});

test('a long prompt', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, NO_KERNEL);
  await analyzeAt(page, line(page, 'Name three uses for a paper clip.'));
  await widen(page, panel, 420);
  const block =
    "Taste-likes: I've a sweet-tooth\nTaste-dislikes: Don't like onions or garlic\nSuggestion: Onion soup\nAnalysis: it has cooked onions in it, which you don't like.\nRecommendation: Avoid.\n\n";
  await panel.prompt.fill(
    `${block.repeat(7)}Taste-likes: Cheese\nTaste-dislikes: Can't eat eggs\nSuggestion: Quiche Lorraine\nAnalysis:`
  );
  await shoot(page, 'long-prompt');
  await panel.generate(/Recommendation/);
  await panel.explain(/Recommendation/);
  await shoot(page, 'long-map');
  await panel.edit.click();
  await panel.prompt.fill(block.repeat(60));
  await panel.run.click();
  await page.waitForTimeout(3000);
  await shoot(page, 'too-long');
});

test('the history', async ({ page, request, tmpPath }) => {
  await request.delete('/lit-lab/api/runs?starred=1');
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 420);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.edit.click();
  for (const prompt of [
    'Suggestion: Baguette\nAnalysis:',
    'Name three uses for this item.\n\nItem: key\n\nIdeas:'
  ]) {
    await panel.prompt.fill(prompt);
    await panel.generate(/\S/);
  }
  const history = await panel.show('History');
  await expect(history.getByRole('listitem')).toHaveCount(3);
  await shoot(page, 'history');
  const last = history.getByRole('listitem').nth(2);
  await last.hover();
  await last.getByRole('button', { name: /^Star/ }).click();
  await last.getByRole('button', { name: /^Rename/ }).click();
  await page.keyboard.type('The mistake');
  await page.keyboard.press('Enter');
  await last.hover();
  await page.waitForTimeout(600);
  await page.screenshot({ path: 'screenshots/history-hover.png' });
  await theme(page, 'JupyterLab Dark');
  await widen(page, panel, 260);
  await last.locator('.lit-row').click();
  await panel.answered(ANSWER);
  await panel.show('History');
  await shoot(page, 'history-dark-narrow');
});

test('targets: forced, contrastive, surprisal', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 420);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.insight('Why not');
  await shoot(page, 'contrast-asked');
  const other = panel.region.getByRole('textbox', {
    name: 'Text in place of the target'
  });
  await other.fill('Recommendation: You');
  await other.press('Enter');
  await expect(panel.alert).toBeVisible();
  await shoot(page, 'contrast-refused');
  await other.fill('Recommendation: Avoid.');
  await other.press('Enter');
  await expect(other).toHaveCount(0);
  await shoot(page, 'contrast-explained');
  await panel.insight('What led to');
  await panel.mapped();
  await shoot(page, 'contrast-light');
  await panel.method.selectOption('grad · input');
  await panel.mapped();
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'contrast-dark');
  await widen(page, panel, 230);
  await shoot(page, 'contrast-narrow');
  await widen(page, panel, 420);
  await panel.method.selectOption('L2 norm');
  await panel.region.getByRole('button', { name: 'Surprisal' }).click();
  await panel.region.locator('.lit-hesitations').scrollIntoViewIfNeeded();
  await shoot(page, 'surprisal-dark');
  await theme(page, 'JupyterLab Light');
  await shoot(page, 'surprisal-light');
  await panel.region
    .getByRole('button', { name: 'What would make it say …?' })
    .click();
  await panel.region
    .getByRole('textbox', { name: 'Text to explain' })
    .fill('It has eggs in it, which you can’t eat.\nRecommendation: Avoid.');
  await panel.region.locator('.lit-scroll').evaluate(e => e.scrollTo(0, 0));
  await shoot(page, 'forced-answer-typed');
  await panel.region.getByRole('button', { name: 'Explain this text' }).click();
  const forced = panel.region.getByRole('group', { name: 'Forced answer' });
  await forced.locator('[data-segment]').last().click();
  await panel.mapped();
  await shoot(page, 'forced-answer-light');
  await widen(page, panel, 230);
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'forced-answer-narrow-dark');
});

test('the matrix', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);
  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await widen(page, panel, 420);
  await panel.generate(ANSWER);
  await panel.region.getByRole('button', { name: 'Matrix' }).click();
  const grid = page.getByRole('grid', { name: /What led to each sentence/ });
  await expect(grid).toBeVisible();
  await expect(grid.locator('[data-state="unknown"]')).toHaveCount(0);
  await grid.getByRole('gridcell').nth(7).click();
  await panel.mapped();
  await shoot(page, 'matrix-light');
  await page.getByRole('radio', { name: 'Whole response' }).click();
  await panel.method.selectOption('grad · input');
  await theme(page, 'JupyterLab Dark');
  await shoot(page, 'matrix-signed-dark');
  await widen(page, panel, 800);
  await shoot(page, 'matrix-narrow');
});
