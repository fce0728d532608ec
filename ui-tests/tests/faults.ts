/** Accessibility faults in a part of the page, found by axe and by a contrast check of LIT Lab's own. */
import AxeBuilder from '@axe-core/playwright';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

const LEVELS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'];

/** The rules of these levels that depend on colours. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** The contrast that text needs (WCAG 1.4.3). */
const ENOUGH = 4.5;

/**
 * What is wrong with what a selector finds, a line for each fault.
 *
 * axe leaves out the contrast of what it takes for disabled, such as sentences
 * of the prompt, which can't be explained but should be read; it is measured
 * too.
 *
 * @param only - what axe looks for; left out: all that it knows. Its whole
 *   look takes seconds of a processor.
 */
export async function faultsOf(
  page: IJupyterLabPageFixture,
  selector: string,
  only?: 'colours'
): Promise<string[]> {
  // JupyterLab's body has no height of its own, so axe would consider the whole page clipped.
  const style = await page.addStyleTag({
    content: 'html, body { height: 100% }'
  });
  const axe = new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .include(selector)
    // The checked parts have no frames, so axe needs no extra page to combine results of frames.
    .setLegacyMode();
  const { violations } = await (
    only ? axe.withRules(COLOUR_RULES) : axe.withTags(LEVELS)
  ).analyze();
  await style.evaluate(style => (style as Element).remove());
  const faint = await page.evaluate(faintIn, { selector, enough: ENOUGH });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(
        ({ target, html, failureSummary }) =>
          `${id}: ${target.join(' ')}: ${failureSummary} (${html.slice(0, 120)})`
      )
    )
    .concat(faint);
}

/** Finds text with too little contrast to its background. Runs in the page. */
function faintIn(props: { selector: string; enough: number }): string[] {
  type Colour = readonly [number, number, number, number];
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const known = new Map<string, Colour>();
  const parse = (text: string): Colour => {
    const found = known.get(text);
    if (found) {
      return found;
    }
    // The forms in which browsers report colours and their mixtures. A canvas would round translucent colours.
    const mixed =
      /^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)(?: \/ ([\d.e-]+))?\)$/.exec(
        text
      );
    const plain = /^rgba?\(([^)]+)\)$/.exec(text);
    let colour: Colour;
    if (mixed) {
      const [r, g, b] = mixed.slice(1, 4).map(part => Number(part) * 255);
      colour = [r, g, b, Number(mixed[4] ?? 1)];
    } else if (plain) {
      const [r, g, b, a = 1] = plain[1].split(/[\s,/]+/).map(Number);
      colour = [r, g, b, a];
    } else {
      context.clearRect(0, 0, 1, 1);
      context.fillStyle = text;
      context.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
      colour = [r, g, b, a / 255];
    }
    known.set(text, colour);
    return colour;
  };
  const over = ([r, g, b, a]: Colour, below: Colour): Colour => [
    r * a + below[0] * (1 - a),
    g * a + below[1] * (1 - a),
    b * a + below[2] * (1 - a),
    1
  ];
  const luminance = (colour: Colour): number => {
    const [r, g, b] = colour.slice(0, 3).map(part => {
      const c = part / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint: string[] = [];
  for (const root of document.querySelectorAll(props.selector)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!;
      if (
        !node.textContent?.trim() ||
        !element.checkVisibility({ visibilityProperty: true }) ||
        element.closest('option, [disabled], .lit-visually-hidden')
      ) {
        continue;
      }
      const layers: Colour[] = [];
      let opacity = 1;
      for (let at: Element | null = element; at; at = at.parentElement) {
        const style = getComputedStyle(at);
        const colour = parse(style.backgroundColor);
        opacity *= Number(style.opacity);
        layers.push(colour);
        if (colour[3] === 1) {
          break;
        }
      }
      const ground = layers.reduceRight<Colour>(
        (below, layer) => over(layer, below),
        [255, 255, 255, 1]
      );
      const [r, g, b, a] = parse(getComputedStyle(element).color);
      const ink = over([r, g, b, a * opacity], ground);
      const [light, dark] = [luminance(ink), luminance(ground)].sort(
        (one, other) => other - one
      );
      const contrast = (light + 0.05) / (dark + 0.05);
      if (contrast < props.enough) {
        faint.push(
          `contrast ${contrast.toFixed(2)}: ${element.className} “${node.textContent.trim().slice(0, 40)}”`
        );
      }
    }
  }
  return faint;
}
