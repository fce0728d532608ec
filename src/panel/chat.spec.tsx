import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import type { ModelInfo } from '../api';
import { PanelContext } from '../components/context';
import { fakeModel } from '../session/fakes';
import { DEFAULT_SETTINGS } from '../session/settings';
import type { ISettings } from '../session/settings';
import { ChatOption } from './chat';

const template: NonNullable<ModelInfo['template']> = {
  fault: '',
  date: '',
  system: 'possible',
  thinking: false
};

describe('panel/chat', () => {
  let host: HTMLElement;
  let root: Root;
  let changed: Partial<ISettings>[];

  beforeEach(() => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    changed = [];
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
  });

  function show(
    known: Partial<ModelInfo>,
    settings: Partial<ISettings> = {}
  ): string {
    const model = fakeModel({
      name: 'm',
      state: 'ready',
      chat: 'own',
      instruct: true,
      template,
      ...known
    });
    act(() =>
      root.render(
        <PanelContext
          value={{
            trans: nullTranslator.load('lit_lab'),
            showLog: () => undefined,
            openMenu: () => undefined
          }}
        >
          <ChatOption
            settings={{ ...DEFAULT_SETTINGS, ...settings }}
            model={model}
            onSettings={settings => changed.push(settings)}
          />
        </PanelContext>
      )
    );
    return host.querySelector('.lit-hint')?.textContent ?? '';
  }

  const box = () => host.querySelector<HTMLInputElement>('[type="checkbox"]');

  it('says by which template prompts go to the model', () => {
    expect(show({})).toBe(
      'm is instruction-tuned: prompts go to it by its own template.'
    );
    expect(show({}, { chat: 'on' })).toBe(
      'Prompts go to m by its own template.'
    );
    expect(show({}, { chat: 'off' })).toBe('');
    expect(show({ chat: 'Gemma', template: null })).toBe(
      'm is instruction-tuned: prompts go to it as turns in the format of Gemma.'
    );
    expect(show({ instruct: false })).toContain('prompts go to it as they are');
  });

  it('tells of a system turn and of the date that the template is told', () => {
    const told = show({
      template: { ...template, system: 'added', date: '2024-07-26' }
    });
    expect(told).toContain('It adds a system turn of its own.');
    expect(told).toContain('always told 2024-07-26');
  });

  it('says why a template is not used, and what is done instead', () => {
    const fault = 'takes more than 2 seconds';
    expect(show({ chat: 'Gemma', template: { ...template, fault } })).toBe(
      'm is instruction-tuned: prompts go to it as turns in the format of Gemma. ' +
        'Its own template isn’t used: it takes more than 2 seconds.'
    );
    expect(show({ chat: '', template: { ...template, fault } })).toBe(
      'm has none that is known here. Its own template isn’t used: it takes more than 2 seconds.'
    );
  });

  it('offers thinking where the template knows it', () => {
    show({});
    expect(box()).toBeNull();
    show({ template: { ...template, thinking: true } }, { chat: 'off' });
    expect(box()).toBeNull();
    show({ template: { ...template, thinking: true } });
    expect(box()?.checked).toBe(false);
    act(() => box()?.click());
    expect(changed).toEqual([{ thinking: true }]);
  });
});
