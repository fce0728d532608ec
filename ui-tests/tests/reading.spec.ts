/** Reading a map: with a custom expression, of a part of the text, and with the user's display settings. */
import { expect, test } from './galata';

import { COLD, explained, kept, PANEL_OPEN } from './lab';

test('a map by a regular expression, of a part, and as it was read before a reload @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const { panel } = await explained(page, tmpPath);

  await test.step('by a regular expression, which can’t hang the page', async () => {
    await panel.region
      .getByRole('radio', { name: 'By a regular expression' })
      .click();
    const field = panel.region.getByRole('textbox', {
      name: 'Regular expression'
    });
    await field.fill('(?=Taste-likes)');
    await expect(panel.segments('Prompt', 'Taste-likes')).toHaveCount(4);
    await expect(panel.segments('Prompt').first()).toHaveText(
      /^Analyze a menu item[^]*For example:$/
    );
    await panel.mapped();

    await field.fill('(');
    await expect(panel.alert).toContainText('Not a regular expression');
    await expect(field).toHaveAttribute('aria-invalid', 'true');
    // This expression would run for ages, because it tries every way of cutting a line into words.
    await field.fill("(([a-zA-Z: .'-]+)+)+#$");
    await expect(panel.alert).toContainText('takes too long');
    await field.fill('\\n\\n');
    await expect(panel.alert).toHaveCount(0);
    await expect(panel.segments('Prompt', /^Taste-likes/)).toHaveCount(4);
  });

  await test.step('of a part, and remembered', async () => {
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.mapped();
    const part = panel.region.getByRole('combobox', { name: 'Map of' });
    // The first example, after the opening and its heading.
    await part.selectOption({ index: 5 });
    const ranked = panel.region.locator('[data-rank]');
    await expect(ranked).toHaveCount(5);
    await expect(panel.region).toContainText('of this part’s salience');
    const shares = await ranked.evaluateAll(all =>
      all.map(e => Number(e.dataset.share))
    );
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 2);
    await part.selectOption('all of the text');

    // The same by dragging over the text, which doesn't move meanwhile.
    const first = panel.segments('Prompt').nth(2);
    // The whole selection must be above the list, which is below the text.
    await first.evaluate(e => e.scrollIntoView({ block: 'start' }));
    const from = (await first.boundingBox())!;
    const to = (await panel.segments('Prompt').nth(4).boundingBox())!;
    await page.mouse.move(from.x + 4, from.y + 6);
    await page.mouse.down();
    await page.mouse.move(to.x + 40, to.y + 8, { steps: 6 });
    expect(await first.boundingBox()).toEqual(from);
    await page.mouse.up();
    const only = panel.region.getByRole('button', {
      name: 'Only the selection'
    });
    await only.click();
    await expect(ranked).toHaveCount(3);
    await expect(only).toHaveCount(0);
    // With the keyboard, Shift and arrows select, and Tab leads to the button.
    await panel.segments('Prompt').nth(1).focus();
    await page.keyboard.press('Shift+ArrowDown');
    await expect(only).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(only).toHaveCount(0);
    await expect(panel.target, 'the selection goes first').toHaveCount(1);
    await page.keyboard.press('Shift+ArrowUp');
    await expect(only).toBeVisible();
    await page.keyboard.press('Tab');
    await expect(only).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(ranked).toHaveCount(2);
    await expect(panel.segments('Prompt').nth(1)).toBeFocused();
    const chosen = await part.inputValue();
    expect(chosen).toMatch(/^\d+:\d+$/);
    // A click is still a click.
    await panel.segments('Answer').first().click();
    await expect(panel.target).toHaveCount(1);
    await panel.mapped();

    await panel.insight('Options');
    await panel.region.getByRole('checkbox', { name: 'Compact lines' }).check();
    await panel.region
      .getByRole('checkbox', { name: 'Hide template parts' })
      .check();
    await panel.region.getByRole('button', { name: 'Surprisal' }).click();
    const flow = panel.region.locator('.lit-text');
    await expect(flow).toHaveAttribute('data-density', 'compact');
    // The settings are saved some time after the last change.
    await kept(
      page,
      'settings/lit-lab:panel',
      /"compact"/,
      /"hideTemplate":\s*true/
    );
    await kept(
      page,
      'workspaces/default',
      new RegExp(`"within":\\[${chosen.replace(':', ',')}\\]`),
      PANEL_OPEN
    );
    await page.evaluate(() => window.location.reload());
    await expect(flow).toHaveAttribute('data-density', 'compact', {
      timeout: COLD
    });
    await expect(flow).toHaveAttribute('data-template', 'hidden');
    await expect(part, 'the part').toHaveValue(chosen);
    await expect(
      panel.region.getByRole('button', { name: 'Surprisal' })
    ).toHaveAttribute('aria-pressed', 'true');
  });
});
