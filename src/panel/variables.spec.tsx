import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { PanelContext } from '../components/context';
import { FakeSource } from '../session/fakes';
import { PromptModel } from '../session/prompt';
import { Variables } from './origin';

const trans = nullTranslator.load('lit_lab');

describe('panel: variables', () => {
  let host: HTMLElement;
  let root: Root;
  let prompt: PromptModel;

  beforeEach(async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    prompt = new PromptModel();
    const field = (name: string, at: number) => ({
      name,
      expression: name,
      value: [at, at + 3] as const
    });
    const source = new FakeSource('{a} {b} {c}', [
      field('a', 0),
      field('b', 4),
      field('c', 8)
    ]);
    const choices = [
      { value: 'Ada', from: 'cell 2' },
      { value: 'Bob', from: 'cell 3' }
    ];
    source.suggestions = {
      a: { value: 'Rome', from: 'cell 1' },
      b: { value: null, from: 'built at run time in cell 4' },
      c: { value: null, from: 'one of 2 values', choices }
    };
    prompt.open(source);
    await draw();
  });

  afterEach(async () => {
    await act(async () => root.unmount());
    host.remove();
  });

  const draw = () =>
    act(async () => {
      root.render(
        <PanelContext value={{ trans, openMenu: () => undefined }}>
          <Variables prompt={prompt} />
        </PanelContext>
      );
    });
  const remark = (index: number) => {
    const field = host.querySelectorAll('textarea')[index];
    const id = field.getAttribute('aria-describedby');
    return id === null ? '' : document.getElementById(id)?.textContent;
  };

  it('say where their values come from, and why they have none', () => {
    expect([0, 1, 2].map(remark)).toEqual([
      'from cell 1',
      'built at run time in cell 4',
      'one of 2 values'
    ]);
    expect(prompt.value).toBe('Rome {b} {c}');
  });

  it('offer several values in a menu', async () => {
    const menu = host.querySelector('select')!;
    expect(menu.getAttribute('aria-label')).toContain('c');
    await act(async () => {
      menu.value = '1';
      menu.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(prompt.value).toBe('Rome {b} Bob');
    await draw();
    expect(host.querySelector('select')!.value).toBe('1');
    expect(remark(2)).toBe('');
  });

  it('take values from the kernel, and say what didn’t come', async () => {
    const button = () =>
      [...host.querySelectorAll('button')].find(
        ({ textContent }) => textContent === 'Take values from the kernel'
      );
    expect(button()).toBeUndefined();
    Object.assign(prompt.source!, {
      askKernel: async () => ({
        values: {
          a: { value: 'Oslo', from: 'the kernel' },
          b: { value: null, from: 'not defined in the kernel' }
        },
        problem: 'Not all.'
      })
    });
    await draw();
    expect(prompt.value).toBe('Rome {b} {c}');
    await act(async () => button()!.click());
    await draw();
    expect(prompt.value).toBe('Oslo {b} {c}');
    expect([0, 1].map(remark)).toEqual([
      'from the kernel',
      'built at run time in cell 4; not defined in the kernel'
    ]);
    expect(host.querySelector('[role="status"]')?.textContent).toBe('Not all.');
  });
});
