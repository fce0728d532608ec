/** What specs of drawn parts share. */
import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import { settle } from '../session/fakes';
import { PanelContext } from './context';
import type { IPanelContext } from './context';

/** What the panel gives to its parts, where none of it matters. */
export const CONTEXT: IPanelContext = {
  trans: nullTranslator.load('lit_lab'),
  showLog: () => undefined,
  openMenu: () => undefined
};

/** Observes nothing: in these pages nothing has a size. */
class NoResizeObserver {
  observe(): void {
    // See above.
  }
  unobserve(): void {
    // See above.
  }
  disconnect(): void {
    // See above.
  }
}

/** A place in the page where parts are drawn as in the panel. */
export class Stage {
  constructor() {
    Object.assign(globalThis, {
      IS_REACT_ACT_ENVIRONMENT: true,
      ResizeObserver: NoResizeObserver
    });
    Element.prototype.scrollIntoView = () => undefined;
    document.body.append(this.host);
  }

  readonly host = document.createElement('div');

  draw(part: JSX.Element): void {
    act(() =>
      this._root.render(<PanelContext value={CONTEXT}>{part}</PanelContext>)
    );
  }

  /** A button by its name. */
  button(name: string): HTMLButtonElement | undefined {
    return [...this.host.querySelectorAll('button')].find(
      one => (one.getAttribute('aria-label') ?? one.textContent) === name
    );
  }

  /** Press a button that is there, and wait for what follows. */
  async click(name: string): Promise<void> {
    await act(async () => {
      this.button(name)!.focus();
      this.button(name)!.click();
      await settle();
    });
  }

  /** A field by the beginning of its label. */
  field(label: string): HTMLInputElement {
    return [...this.host.querySelectorAll('label')]
      .find(one => one.textContent?.startsWith(label))!
      .querySelector('input')!;
  }

  /** Put a text into a field, as typing does. */
  async type(label: string, text: string): Promise<void> {
    await typeInto(this.field(label), text);
  }

  dispose(): void {
    act(() => this._root.unmount());
    this.host.remove();
  }

  private readonly _root = createRoot(this.host);
}

/** Put a text into a field, as typing does, and wait for what follows. */
export async function typeInto(
  field: HTMLInputElement | HTMLTextAreaElement,
  text: string
): Promise<void> {
  await act(async () => {
    const { set } = Object.getOwnPropertyDescriptor(
      Object.getPrototypeOf(field),
      'value'
    )!;
    set!.call(field, text); // past React's own property
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await settle();
  });
}
