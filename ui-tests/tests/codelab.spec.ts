/** Sections 5 to 7 of Google's codelab "Using LIT to analyze Gemma models", in the notebook. */
import { expect, test } from './galata';

import {
  analyzeAt,
  line,
  openNotebook,
  overlay,
  Panel,
  paste,
  retype,
  TUTORIAL
} from './lab';

const MISTAKE = 'Recommendation: You have to try it.';

test('finds the mistaken example, corrects it, and adds principles', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, TUTORIAL);

  await test.step('right-click the prompt', async () => {
    await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
    await expect(panel.region).toBeVisible();
    // The values are literals in a later cell.
    await expect(panel.variable('food_likes')).toHaveValue('Cheese');
    await expect(panel.variable('food_dislikes')).toHaveValue("Can't eat eggs");
    await expect(panel.variable('menu_item')).toHaveValue('Quiche Lorraine');
    await expect(panel.prompt).toHaveValue(
      /^Analyze a menu item in a restaurant\.\n\n## For example:\n[^]*\nTaste-likes: Cheese\nTaste-dislikes: Can't eat eggs\nSuggestion: Quiche Lorraine\nAnalysis:$/
    );
  });

  await test.step('run; the answer streams in', async () => {
    // A short answer arrives at once: a slow network makes its parts visible.
    const [tab] = page.context().pages();
    const network = await tab.context().newCDPSession(tab);
    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: 8_000,
      uploadThroughput: -1
    });
    await panel.region.evaluate(region => {
      const seen = new Set<number>();
      Object.assign(window, { seen });
      new MutationObserver(() => {
        const answer = region.querySelector('[data-part="answer"]');
        seen.add(answer?.textContent?.length ?? 0);
      }).observe(region, {
        childList: true,
        characterData: true,
        subtree: true
      });
    });
    await panel.generate(MISTAKE);
    await network.detach();
    const lengths = await page.evaluate(() => [
      ...(window as unknown as { seen: Set<number> }).seen
    ]);
    const whole = Math.max(...lengths);
    expect(lengths.some(part => part > 0 && part < whole)).toBe(true);
  });

  await test.step('click the recommendation; the mistaken line stands out', async () => {
    await panel.explain(MISTAKE);
    const mistakes = await panel.segments('Prompt').evaluateAll((all, text) => {
      return all.flatMap((e, i) => (e.textContent === text ? [i] : []));
    }, MISTAKE);
    expect(mistakes).toHaveLength(2);
    expect(await panel.strongestOfPrompt()).toBe(mistakes[0]);
    await expect(panel.topSegments.getByRole('listitem')).toHaveCount(5);
    await expect(panel.topSegments).toContainText(MISTAKE);
    // The cell's own text has the same shades.
    await expect(overlay(line(page, MISTAKE)).first()).toBeVisible();
    const [first, second, dull] = await Promise.all(
      [
        line(page, MISTAKE),
        line(page, MISTAKE, 1),
        line(page, 'Suggestion: Macaron in france')
      ].map(at => strength(at))
    );
    expect(first).toBeGreaterThan(second);
    expect(first).toBeGreaterThan(2 * dull);
  });

  await test.step('hover and focus tell score and rank', async () => {
    await panel.segments('Prompt', MISTAKE).first().hover();
    await expect(page.getByRole('tooltip')).toContainText(/rank \d+ of \d+/);
  });

  await test.step('other granularities and methods cost no request', async () => {
    const asked: string[] = [];
    page.on('request', request => {
      if (request.url().includes('/lit-lab/api/jobs')) {
        asked.push(request.url());
      }
    });
    for (const name of ['Words', 'Tokens', 'Lines', 'Paragraphs']) {
      await panel.region.getByRole('radio', { name }).click();
      await panel.mapped();
    }
    await panel.method.selectOption('grad · input');
    await panel.mapped();
    await panel.method.selectOption('L2 norm');
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.mapped();
    expect(asked).toEqual([]);
  });

  await test.step('correct the example in the cell; the answer changes', async () => {
    await retype(page, line(page, MISTAKE), 'Recommendation: Avoid.');
    await expect(panel.region).toContainText('changed since');
    // The map no longer fits the cell's text, so its shades disappear.
    await expect(overlay(page.locator('.jp-Notebook'))).toHaveCount(0);
    await panel.generate('Recommendation: Avoid.');
    await panel.explain('Recommendation: Avoid.');
    await expect(
      overlay(line(page, 'Recommendation: Avoid.')).first()
    ).toBeVisible();
  });

  await test.step('add principles; the answer speaks of suitability', async () => {
    const opening = line(page, 'Analyze a menu item in a restaurant.');
    await opening.click();
    await page.keyboard.press('End');
    await paste(
      page,
      '\n\n* The analysis should be brief and to the point.\n* The analysis and recommendation should both be clear about the suitability for someone with a specified dietary restriction.'
    );
    await expect(panel.region).toContainText('changed since');
    await panel.generate('Not suitable for you.');
    await panel.explain('Not suitable for you.');
  });

  // No kernel ran anything for all of this.
  await expect(
    page.locator('.jp-Notebook .jp-InputPrompt', { hasText: /\[\d+\]/ })
  ).toHaveCount(0);
});

/** How strongly a line of the editor is shaded; 0 where it isn't. */
async function strength(at: Parameters<typeof overlay>[0]): Promise<number> {
  const shades = await overlay(at).evaluateAll(all =>
    all.map(e => Number(getComputedStyle(e).getPropertyValue('--lit-weight')))
  );
  return Math.max(0, ...shades);
}
