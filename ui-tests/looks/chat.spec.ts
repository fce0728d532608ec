/** Screenshots of an instruction-tuned model's chat format, and of pasted turns. */
import * as path from 'path';
import type { Page } from '@playwright/test';
import { expect } from '@playwright/test';

import { runPrompt, test } from '../tests/instruct';
import { analyzeAt, COLD, line, Panel } from '../tests/lab';

const TURNS =
  '<start_of_turn>user\nIs onion soup sweet? I like sweet things.<end_of_turn>\n<start_of_turn>model\nNo, it is savoury.<end_of_turn>\n' +
  '<start_of_turn>user\nSuggestion: Cheesecake\nAnalysis:<end_of_turn>';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 400_000 });

async function shoot(page: Page, panel: Panel, name: string) {
  await page.mouse.move(600, 4);
  await page.waitForTimeout(800);
  const box = (await panel.region.boundingBox())!;
  await page.screenshot({ path: `screenshots/chat-${name}.png`, clip: box });
}

async function widen(page: Page, panel: Panel, to: number) {
  const box = (await panel.region.boundingBox())!;
  await page.mouse.move(box.x - 3, box.y + 400);
  await page.mouse.down();
  await page.mouse.move(box.x - 3 + box.width - to, box.y + 400, { steps: 8 });
  await page.mouse.up();
}

async function theme(page: Page, name: string) {
  await page.evaluate(async theme => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme
    });
  }, name);
  await page.waitForTimeout(1500);
}

test('chat', async ({ page }) => {
  await page.goto('/lab/workspaces/look/tree/prompt_debugging.ipynb');
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await widen(page, panel, 420);
  await runPrompt(
    panel,
    'Taste-likes: sweet\nSuggestion: Onion soup\nAnalysis:'
  );
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await shoot(page, panel, 'wrapped');
  // As docs/models.md shows it.
  await page.setViewportSize({ width: 1440, height: 860 });
  await panel.region.locator('.lit-scroll').evaluate(e => e.scrollTo(0, 0));
  await page.mouse.move(600, 4);
  await page.waitForTimeout(800);
  await page.screenshot({
    path: path.resolve(__dirname, '../../docs/images/chat.png'),
    clip: (await panel.region.boundingBox())!
  });
  await page.setViewportSize({ width: 1440, height: 1000 });
  await panel.region.locator('button.lit-turn').first().click();
  await shoot(page, panel, 'unfolded');
  await panel.insight('Options');
  await panel.region.getByText('Generation').scrollIntoViewIfNeeded();
  await shoot(page, panel, 'options');
  await panel.insight('What led to');
  await panel.region.locator('button.lit-turn').first().click();
  await runPrompt(panel, TURNS);
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await shoot(page, panel, 'written');
  await panel.region.locator('[data-turn]').nth(1).hover();
  await page.waitForTimeout(500);
  const box = (await panel.region.boundingBox())!;
  await page.screenshot({ path: 'screenshots/chat-tip.png', clip: box });
  await panel.region.locator('[data-turn]').nth(1).click();
  await shoot(page, panel, 'written-unfolded');
  await theme(page, 'JupyterLab Dark');
  await shoot(page, panel, 'dark');
  await widen(page, panel, 320);
  await shoot(page, panel, 'narrow-dark');
  await panel.region.locator('[data-turn]').nth(1).click();
  await theme(page, 'JupyterLab Light');
  await panel.region.getByRole('radio', { name: 'Tokens' }).click();
  await panel.mapped();
  await shoot(page, panel, 'narrow-tokens');
});
