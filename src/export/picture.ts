/** A map as a picture, which the browser draws from an SVG, without any request. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { escapeHtml } from './escape';
import { staticReader } from './staticReader';
import type { IReaderProps } from './reader';

/** In CSS pixels. Safari draws no canvas of more than 16.7 million pixels. */
const WIDTH = 720;
const MAX_TEXT = 4200;
const MAX_HEIGHT = 5600;
const SCALE = 2;

/**
 * Draw a reader.
 *
 * A text that is too long for a picture is cut, and the picture says so.
 *
 * @param style - of exported pages.
 * @throws Error: the browser can't draw it.
 */
export async function drawPicture(
  props: IReaderProps,
  style: string
): Promise<Blob> {
  const still = staticReader(props);
  still.classList.add('lit-picture');
  const height = layOut(still, props.trans);
  const svg = toSvg(still, style, height);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH * SCALE;
  canvas.height = height * SCALE;
  const context = canvas.getContext('2d');
  if (!context) {
    throw new Error(props.trans.__('The browser has no canvas to draw on.'));
  }
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(blob => {
      if (blob) {
        resolve(blob);
      } else {
        reject(new Error(props.trans.__('The picture was too large to draw.')));
      }
    }, 'image/png');
  });
}

/** Cut what is too long, and measure. Returns the height in CSS pixels. */
function layOut(still: HTMLElement, trans: TranslationBundle): number {
  const place = document.createElement('div');
  place.style.cssText = 'position:absolute;left:-9999px;top:0;';
  place.setAttribute('aria-hidden', 'true');
  place.append(still);
  document.body.append(place);
  try {
    const frames = still.querySelectorAll<HTMLElement>('.lit-text-frame');
    for (const frame of frames) {
      const all = frame.offsetHeight;
      if (all > MAX_TEXT) {
        frame.dataset.cut = 'true';
        frame.style.height = `${MAX_TEXT}px`;
        const note = document.createElement('p');
        note.className = 'lit-picture-note';
        note.textContent = trans.__(
          'Cut here: %1% of the text is shown. Save the run as an HTML page to see all of it.',
          Math.round((MAX_TEXT / all) * 100)
        );
        frame.after(note);
      }
    }
    return Math.min(MAX_HEIGHT, Math.ceil(still.offsetHeight));
  } finally {
    place.remove();
  }
}

function toSvg(still: HTMLElement, style: string, height: number): string {
  const body = document.createElement('div');
  const sheet = document.createElement('style');
  sheet.textContent = style;
  body.append(sheet, still);
  const xml = new XMLSerializer().serializeToString(body);
  return [
    // The current theme replaces the style sheet's values for pages.
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" style="${escapeHtml(themeOf(style))}">`,
    '<foreignObject width="100%" height="100%">',
    // XML allows no other control characters, not even as references.
    // eslint-disable-next-line no-control-regex
    xml.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd'),
    '</foreignObject></svg>'
  ].join('');
}

/** The theme's values of all variables that a style sheet uses. */
function themeOf(style: string): string {
  const names = new Set(style.match(/--jp-[\w-]+/g) ?? []);
  const theme = getComputedStyle(document.body);
  return [...names]
    .map(name => [name, theme.getPropertyValue(name).trim()])
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}:${value};`)
    .join('');
}
