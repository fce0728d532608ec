/** A reader without interactions: for browsers without scripts, and for pictures. */
import React from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';

import { Reader } from './reader';
import type { IReaderProps } from './reader';

/** Render a reader once, outside of the document. */
export function staticReader(props: IReaderProps): HTMLElement {
  const host = document.createElement('div');
  const root = createRoot(host);
  flushSync(() => root.render(<Reader {...props} />));
  const still = host.firstElementChild!.cloneNode(true) as HTMLElement;
  root.unmount();
  still
    .querySelectorAll('.lit-controls, .lit-effects-choice')
    .forEach(node => node.remove());
  still.querySelectorAll('.lit-hint > button').forEach(node => node.remove());
  for (const button of still.querySelectorAll('button')) {
    const span = document.createElement('span');
    span.className = button.className;
    span.dataset.sign = button.dataset.sign ?? '';
    span.append(...button.childNodes);
    button.replaceWith(span);
  }
  for (const segment of still.querySelectorAll('[data-segment]')) {
    for (const name of ['role', 'tabindex', 'aria-pressed', 'aria-disabled']) {
      segment.removeAttribute(name);
    }
  }
  return still;
}

/**
 * Move an element's inline styles to attributes: the policy of a page allows only
 * its one style sheet, which has rules for these
 * (scripts/build_page.mjs).
 */
export function styleByAttributes(root: HTMLElement): void {
  for (const element of root.querySelectorAll<HTMLElement>('[style]')) {
    const weight = element.style.getPropertyValue('--lit-weight');
    const { width } = element.style;
    if (weight) {
      element.dataset.weight = String(Math.round(Number(weight) * 100));
    }
    if (width) {
      element.dataset.width = String(Math.round(parseFloat(width)));
    }
    element.removeAttribute('style');
  }
}
