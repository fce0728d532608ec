/** A text far longer than the server accepts: the panel says so, and the page stays usable. */
import { expect, test } from './galata';

import { analyzeCell } from './cells';
import { COLD } from './lab';
import type { Panel } from './lab';

/** The string's length in characters. */
const LENGTH = 1_500_000;

/** The default of c.LitLab.max_prompt_chars. */
const LIMIT = 100_000;

/** The length of all text in the panel. */
const held = (panel: Panel) =>
  panel.region.evaluate(
    region =>
      (region.textContent ?? '').length +
      [...region.querySelectorAll('textarea')].reduce(
        (sum, field) => sum + field.value.length,
        0
      )
  );

test('a string of 1,500,000 characters in one word @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = await analyzeCell(
    page,
    tmpPath,
    `word = "${'a'.repeat(LENGTH)}"`
  );
  await expect(panel.region).toContainText(LENGTH.toLocaleString('en'), {
    timeout: COLD
  });
  await expect(panel.region).toContainText(LIMIT.toLocaleString('en'));
  expect(await held(panel), 'laid out').toBeLessThan(10_000);

  // A key changes nothing, and all of the text is still there.
  await panel.prompt.press('x');
  await expect(panel.region).toContainText(LENGTH.toLocaleString('en'));
  expect(await held(panel), 'laid out after a key').toBeLessThan(10_000);

  // Nor is it sent.
  await panel.run.click();
  await expect(panel.stop).toBeHidden();

  // A shortened text can be edited like any other.
  await panel.region.getByRole('button', { name: /^Shorten to/ }).click();
  await expect
    .poll(() =>
      panel.prompt.evaluate(
        field => (field as HTMLTextAreaElement).value.length
      )
    )
    .toBe(LIMIT);
  await panel.prompt.press('Delete');
  await expect
    .poll(() =>
      panel.prompt.evaluate(
        field => (field as HTMLTextAreaElement).value.length
      )
    )
    .toBe(LIMIT - 1);

  // The whole text is one click away.
  await panel.region
    .getByRole('button', { name: 'Use the original text' })
    .click();
  await expect(panel.region).toContainText(LENGTH.toLocaleString('en'));
  expect(await held(panel), 'laid out again').toBeLessThan(10_000);
});
