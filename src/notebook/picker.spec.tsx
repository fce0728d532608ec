import { nullTranslator } from '@jupyterlab/translation';
import { act } from 'react';

import { joinTurns } from '../session/conversation';
import { until } from '../session/fakes';
import type { ICandidate } from './candidates';
import { pickCandidate } from './picker';

(
  globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean }
).IS_REACT_ACT_ENVIRONMENT = true;

const trans = nullTranslator.load('lit_lab');

function text(value: string, fields: Partial<ICandidate> = {}): ICandidate {
  return {
    origin: { what: 'cell' },
    kind: 'string',
    value,
    words: value,
    line: 1,
    ...fields
  };
}

/** The open dialog, with what a user does to it. */
async function open(candidates: readonly ICandidate[]) {
  let picked: ICandidate | null | undefined;
  const done = pickCandidate(candidates, trans).then(candidate => {
    picked = candidate;
  });
  await until(async () => {
    await settled();
    return document.activeElement!.closest('.lit-picker-body') !== null;
  });
  const dialog = document.querySelector<HTMLElement>('.jp-Dialog')!;
  return {
    dialog,
    list: dialog.querySelector<HTMLElement>('[role="listbox"]')!,
    search: dialog.querySelector<HTMLInputElement>('input'),
    options: () =>
      [...dialog.querySelectorAll('[role="option"]')].map(
        option => option.textContent
      ),
    chosen: () =>
      dialog.querySelector('[role="option"][aria-selected="true"]')
        ?.textContent,
    /** What the keyboard's focus says is active. */
    active: () =>
      document.getElementById(
        document.activeElement!.getAttribute('aria-activedescendant') ?? ''
      )?.textContent,
    press: async (key: string) => {
      await act(async () => {
        document.activeElement!.dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
        );
      });
      await settled();
    },
    click: async (wanted: string) => {
      const all = dialog.querySelectorAll<HTMLElement>(
        '[role="option"], button'
      );
      const found = [...all].find(({ textContent }) =>
        textContent!.includes(wanted)
      )!;
      await act(async () => found.click());
      await settled();
    },
    type: async (value: string) => {
      const input = dialog.querySelector('input')!;
      const { set } = Object.getOwnPropertyDescriptor(
        HTMLInputElement.prototype,
        'value'
      )!;
      await act(async () => {
        set!.call(input, value);
        input.dispatchEvent(new Event('input', { bubbles: true }));
      });
      await settled();
    },
    picked: () => picked,
    done
  };
}

/** Lumino's messages are handled, and what React draws then. */
async function settled() {
  for (let turn = 0; turn < 3; turn++) {
    await act(async () => {
      await new Promise(resolve => requestAnimationFrame(resolve));
    });
  }
}

const WORDS = ['role', 'user', 'content'].map(value => text(value));
const PROMPT = text('Name a fruit, and a vegetable.', {
  variable: 'prompt',
  line: 7
});
const OTHER = text('Name a herb.');

describe('pickCandidate', () => {
  let dialog: Awaited<ReturnType<typeof open>>;

  afterEach(async () => {
    await dialog.press('Escape');
    expect(document.querySelector('.jp-Dialog')).toBeNull();
  });

  it('folds short strings behind a row, which Enter opens', async () => {
    dialog = await open([...WORDS, OTHER, PROMPT]);
    expect(dialog.options()).toEqual([
      'stringName a fruit, and a vegetable.prompt · 30 characters · line 7',
      'stringName a herb.12 characters · line 1',
      '▸ Show 3 short strings'
    ]);
    expect(document.activeElement).toBe(dialog.list);
    expect(dialog.active()).toContain('a fruit');
    await dialog.press('End');
    expect(dialog.active()).toContain('3 short strings');
    await dialog.press('Enter');
    expect(dialog.picked()).toBeUndefined();
    expect(dialog.options()).toHaveLength(5);
    expect(dialog.active()).toContain('content');
    const group = dialog.list.querySelector('[role="group"]')!;
    expect(group.getAttribute('aria-label')).toBe('Short strings');
    expect(group.children).toHaveLength(3);
    await dialog.press('ArrowDown');
    await dialog.press('Enter');
    await dialog.done;
    expect(dialog.picked()?.value).toBe('role');
  });

  it('opens them by a click, and by the dialog’s button', async () => {
    dialog = await open([...WORDS, OTHER, PROMPT]);
    await dialog.press('End');
    await dialog.click('Analyze');
    expect(dialog.options()).toHaveLength(5);
    await dialog.press('Escape');
    await dialog.done;
    expect(dialog.picked()).toBeNull();

    dialog = await open([...WORDS, OTHER, PROMPT]);
    await dialog.click('3 short strings');
    expect(dialog.options()).toHaveLength(5);
    await dialog.click('user');
    await dialog.done;
    expect(dialog.picked()?.value).toBe('user');
  });

  it('has no field to search few texts, and says what a conversation has', async () => {
    const { value, turns } = joinTurns([
      { role: 'system', text: 'Be kind.' },
      { role: 'user', text: 'Hi' },
      // Beyond the preview.
      { role: 'model', text: 'a'.repeat(2000) },
      { role: 'user', text: 'Bye' }
    ]);
    dialog = await open([
      OTHER,
      text(value, { kind: 'conversation', turns, line: 2 })
    ]);
    expect(dialog.search).toBeNull();
    expect(dialog.options()[0]).toMatch(
      /System: Be kind\. User: Hi Model: a{99}.*4 turns · .* · line 2/
    );
    await dialog.click('Cancel');
    await dialog.done;
    expect(dialog.picked()).toBeNull();
  });

  it('finds one of many by typing', async () => {
    const many = Array.from({ length: 400 }, (_, i) =>
      text(`Text number ${i}`)
    );
    dialog = await open([...many, ...WORDS, { ...PROMPT, value: 'Why?' }]);
    expect(document.activeElement).toBe(dialog.search);
    const { options } = dialog;
    expect(options()).toHaveLength(300);
    expect(options()[299]).toContain('3 short strings');
    const status = () => dialog.dialog.querySelector('[role="status"]');
    expect(status()?.textContent).toContain('300 of 402');
    await dialog.press('End');
    expect(dialog.active()).toContain('3 short strings');
    await dialog.type('NUMBER 39');
    expect(options()).toHaveLength(11);
    expect(status()?.textContent).toBe('11 texts found');
    await dialog.press('ArrowDown');
    expect(dialog.active()).toContain('Text number 391');
    // Folded ones are found, too; and by the variable's name.
    await dialog.type('user');
    expect(options()).toEqual(['stringuser4 characters · line 1']);
    await dialog.type('prompt');
    expect(options()).toHaveLength(1);
    // Nothing to pick: the dialog stays.
    await dialog.type('nowhere');
    expect(options()).toEqual([]);
    expect(status()?.textContent).toBe('0 texts found');
    await dialog.press('Enter');
    expect(dialog.picked()).toBeUndefined();
    await dialog.type('prompt');
    await dialog.press('Enter');
    await dialog.done;
    expect(dialog.picked()?.value).toBe('Why?');
  });
});
