import React, { act } from 'react';

import type { ModelInfo } from '../api';
import { Stage } from '../components/fixtures';
import { fakeModel } from '../session/fixtures';
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
  let stage: Stage;
  let changed: Partial<ISettings>[];

  beforeEach(() => {
    stage = new Stage();
    host = stage.host;
    changed = [];
  });

  afterEach(() => stage.dispose());

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
    stage.draw(
      <ChatOption
        settings={{ ...DEFAULT_SETTINGS, ...settings }}
        model={model}
        onSettings={settings => changed.push(settings)}
      />
    );
    return host.querySelector('.lit-hint')?.textContent ?? '';
  }

  const box = () => host.querySelector<HTMLInputElement>('[type="checkbox"]');

  it('says by which template prompts go to the model', () => {
    expect(show({})).toBe(
      'm is instruction-tuned: prompts go to it in its own template.'
    );
    expect(show({}, { chat: 'on' })).toBe(
      'Prompts go to m in its own template.'
    );
    expect(show({}, { chat: 'off' })).toBe('');
    expect(show({ chat: 'Gemma', template: null })).toBe(
      'm is instruction-tuned: prompts go to it as turns in the format of Gemma.'
    );
    expect(show({ instruct: false })).toContain(
      'so prompts are sent unchanged'
    );
  });

  it('tells of a system turn and of the date that the template contains', () => {
    const text = show({
      template: { ...template, system: 'added', date: '2024-07-26' }
    });
    expect(text).toContain('It adds a system turn.');
    expect(text).toContain('always uses 2024-07-26');
  });

  it('says why a template is not used, and what is done instead', () => {
    const fault = 'takes more than 2 seconds';
    expect(show({ chat: 'Gemma', template: { ...template, fault } })).toBe(
      'm is instruction-tuned: prompts go to it as turns in the format of Gemma. ' +
        'Its own template isn’t used: it takes more than 2 seconds.'
    );
    expect(show({ chat: '', template: { ...template, fault } })).toBe(
      'LIT Lab knows no chat format of m. Its own template isn’t used: it takes more than 2 seconds.'
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
