/** What is fully visible in a narrow panel and in a dark theme. Also the notebook's shades and scrolling. */
import { expect, test } from './galata';
import type { Locator } from '@playwright/test';

import { analyzeAt, explained, NO_KERNEL, openNotebook, Panel } from './lab';

/** The panel's minimum width in pixels. */
const NARROW = 320;

/** The minimum distance of a shade from its background in CIELAB, where people see differences of 2 to 3 between large areas. */
const SEEN = 8;

const tab = (panel: Panel, name: string) =>
  panel.region.getByRole('tab', { name, exact: true });

/** The elements whose text is cut off on any side. */
const cut = (all: Locator) =>
  all.evaluateAll(elements =>
    elements
      .filter(
        e =>
          e.scrollWidth > e.clientWidth + 1 ||
          e.scrollHeight > e.clientHeight + 1
      )
      .map(e => e.textContent)
  );

test('the matrix’s headings, a narrow panel, the weakest shades @long', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const { panel } = await explained(page, tmpPath);

  await test.step('the matrix names its columns by line and by as much text as fits', async () => {
    await panel.region.getByRole('button', { name: 'Matrix' }).click();
    const matrix = page.locator('.lit-matrix');
    const heads = matrix.locator('.lit-matrix-column');
    await expect(heads.first()).toBeVisible();
    const lines = await heads.locator('.lit-matrix-line').allTextContents();
    expect(lines.map(Number)).toEqual(
      [...lines.map(Number)].sort((a, b) => a - b)
    );
    expect(Number(lines[0])).toBe(1);
    const whole = (await matrix.boundingBox())!.height;
    const head = (await heads.first().boundingBox())!.height;
    expect(head).toBeGreaterThan(0.35 * whole);
    // A column is only as wide as its numbers.
    expect((await heads.nth(1).boundingBox())!.width).toBeLessThan(50);
  });

  await test.step('a low matrix shows rows', async () => {
    const size = page.viewportSize()!;
    await page.setViewportSize({ width: 1024, height: 640 });
    const matrix = page.locator('.lit-matrix');
    const row = matrix.locator('tbody .lit-matrix-row').first();
    const box = async (one: Locator) => (await one.boundingBox())!;
    await expect
      .poll(async () => {
        const { y, height } = await box(row);
        const { y: foot } = await box(matrix.locator('tfoot'));
        return foot - (y + height);
      })
      .toBeGreaterThan(-1);
    await page.setViewportSize(size);
  });

  await test.step('beside the text, the insight ends with the panel, and granularities are on one line', async () => {
    await page.sidebar.setWidth(660, 'right');
    await tab(panel, 'What led to').click();
    await panel.topSegments.getByRole('checkbox').first().check();
    const insight = panel.region.locator('.lit-insight');
    const analysis = panel.region.locator('.lit-analysis');
    const end = async (one: Locator) => {
      const { y, height } = (await one.boundingBox())!;
      return Math.round(y + height);
    };
    await expect.poll(() => end(insight)).toBe(await end(analysis));
    const tops = await panel.region
      .getByRole('radiogroup', { name: 'Granularity' })
      .getByRole('radio')
      .evaluateAll(all => all.map(e => e.getBoundingClientRect().top));
    expect(new Set(tops).size).toBe(1);
    await panel.region.getByRole('button', { name: 'Clear marks' }).click();
  });

  await test.step('bars line up, however long the figures', async () => {
    await page.sidebar.setWidth(480, 'right');
    await panel.compute('SHAP');
    const begins = await panel.region
      .locator('.lit-insight .lit-bar')
      .evaluateAll(all => all.map(e => e.getBoundingClientRect().left));
    expect(begins.length).toBeGreaterThan(2);
    expect(new Set(begins).size).toBe(1);
    await panel.method.selectOption('L2 norm');
    await panel.mapped();
  });

  // From here on nothing may be cut off or covered in a narrow panel.
  await page.sidebar.setWidth(NARROW, 'right');

  await test.step('rows line up, with scissors or without', async () => {
    await tab(panel, 'What led to').click();
    await expect(panel.topSegments).toBeVisible();
    await panel.segments('Answer').last().click();
    await panel.mapped();
    const ends = await panel.region
      .locator('.lit-insight .lit-ranks-row')
      .evaluateAll(all => all.map(e => e.getBoundingClientRect().right));
    expect(ends.length).toBeGreaterThan(2);
    for (const end of ends) {
      expect(end).toBeCloseTo(ends[0], 0);
    }
  });

  await test.step('a badge at the end of a line is within the panel', async () => {
    const badges = panel.region.locator('.lit-badge[data-ends="true"]');
    await expect(badges.first()).toBeAttached();
    const room = await badges.evaluateAll(all =>
      all.map(badge => {
        const style = getComputedStyle(badge, '::before');
        const zone = getComputedStyle(badge.closest('.lit-zone')!);
        return (
          parseFloat(zone.paddingInlineEnd) -
          parseFloat(style.width) -
          parseFloat(style.marginInlineStart)
        );
      })
    );
    expect(Math.min(...room)).toBeGreaterThanOrEqual(4);
  });

  await test.step('scissors stand over no other word', async () => {
    await panel.region.getByRole('radio', { name: 'Words' }).click();
    await panel.mapped();
    // A word in the middle of a line, before another word.
    const word = panel.segments('Prompt', /^restaurant|menu$/).first();
    await word.scrollIntoViewIfNeeded();
    await word.hover();
    const place = (await panel.region.locator('.lit-try-place').boundingBox())!;
    const next = await word.evaluate(e => {
      const all = [
        ...e.closest('.lit-text')!.querySelectorAll('[data-segment]')
      ];
      const { left, top } = all[all.indexOf(e) + 1].getClientRects()[0];
      return { left, top, beside: e.getClientRects()[0].top };
    });
    expect(next.top).toBe(next.beside);
    expect(place.x + place.width).toBeLessThanOrEqual(next.left + 1);
    await panel.region.getByRole('radio', { name: 'Sentences' }).click();
    await panel.mapped();
  });

  await test.step('alternatives are shown to their end, where they differ', async () => {
    await tab(panel, 'Why not').click();
    const choices = panel.region.locator('.lit-choice-text');
    await expect(choices.first()).toBeVisible();
    expect(await cut(choices)).toEqual([]);
    await choices.first().click();
    await tab(panel, 'What led to').click();
    const title = panel.region.locator('.lit-ranks-title').first();
    await expect(title).toContainText('rather than');
    expect(await cut(title)).toEqual([]);
  });

  await test.step('the weakest shade that counts is seen in both themes', async () => {
    for (const theme of ['light', 'dark'] as const) {
      if (theme === 'light') {
        await page.theme.setLightTheme();
      } else {
        await page.theme.setDarkTheme();
      }
      for (const sign of ['positive', 'negative']) {
        const apart = await panel
          .segments('Prompt')
          .first()
          .evaluate((element, way) => {
            const context = document
              .createElement('canvas')
              .getContext('2d', { willReadFrequently: true })!;
            const drawn = (...colours: string[]) => {
              for (const colour of colours) {
                context.fillStyle = colour;
                context.fillRect(0, 0, 1, 1);
              }
              return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
            };
            const lab = (rgb: number[]) => {
              const [r, g, b] = rgb.map(v =>
                v / 255 <= 0.04045
                  ? v / 255 / 12.92
                  : ((v / 255 + 0.055) / 1.055) ** 2.4
              );
              const [x, y, z] = [
                (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
                0.2126 * r + 0.7152 * g + 0.0722 * b,
                (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
              ].map(t => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
              return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
            };
            // The least weight that counts, set as a map sets it.
            const shade = element.cloneNode(true) as HTMLElement;
            shade.style.setProperty('--lit-weight', '0.08');
            shade.dataset.sign = way;
            element.after(shade);
            const ground = getComputedStyle(element.closest('.lit-text')!);
            const colour = getComputedStyle(shade).backgroundColor;
            shade.remove();
            const [one, other] = [
              lab(drawn(ground.backgroundColor)),
              lab(drawn(ground.backgroundColor, colour))
            ];
            return Math.hypot(...one.map((v, i) => v - other[i]));
          }, sign);
        expect.soft(apart, `${theme}, ${sign}`).toBeGreaterThan(SEEN);
      }
    }
    await page.theme.setLightTheme();
  });
});

test('rendered Markdown is shaded, and a row of the list shows its place there', async ({
  page,
  tmpPath
}) => {
  test.slow();
  const panel = new Panel(page);
  await openNotebook(page, tmpPath, NO_KERNEL);
  const markdown = page.locator('.jp-MarkdownOutput');
  await analyzeAt(page, markdown.getByText('Write one headline'));
  await panel.run.click();
  await panel.answered(/\S/);
  const last = panel.segments('Answer').last();
  if ((await panel.target.count()) === 0) {
    await last.click();
  }
  await panel.mapped();
  const shaded = () =>
    page.evaluate(() =>
      [...CSS.highlights]
        .filter(([name]) => /^lit-(for|against)-\d/.test(name))
        .flatMap(([, ranges]) => [...ranges].map(String))
    );
  const before = await markdown.innerHTML();
  await expect.poll(shaded).not.toEqual([]);
  const text = (await markdown.textContent())!;
  for (const part of await shaded()) {
    expect(text).toContain(part);
  }
  // Scroll it out of view, and click the row: the notebook scrolls back, and the focus stays.
  const notebook = page.locator('.jp-WindowedPanel-outer').first();
  await page.setViewportSize({ width: 1280, height: 300 });
  await notebook.evaluate(e => e.scrollTo(0, e.scrollHeight));
  const row = panel.region.locator('.lit-ranks-row').first();
  await row.click();
  await expect(row).toBeFocused();
  await expect(markdown.getByText('Write one headline')).toBeInViewport();
  expect(await markdown.innerHTML()).toBe(before);

  // Show the source, and render it again.
  await page.keyboard.press('Escape');
  await expect.poll(shaded).toEqual([]);
});
