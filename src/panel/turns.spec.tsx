import { act } from 'react';
import React from 'react';

import type { ModelInfo, Turn } from '../api';
import { Stage } from '../components/fixtures';
import { fakeModel } from '../session/fixtures';
import { PromptModel } from '../session/prompt';
import { TurnFields } from './turns';

const TURNS: readonly Turn[] = [
  { role: 'system', text: 'Be brief.' },
  { role: 'user', text: 'A red fruit?' }
];

describe('panel/turns', () => {
  let stage: Stage;
  let prompt: PromptModel;
  let model: ModelInfo | null;

  const draw = () =>
    stage.draw(
      <TurnFields prompt={prompt} turns={prompt.turns ?? []} model={model} />
    );

  beforeEach(() => {
    stage = new Stage();
    prompt = new PromptModel();
    model = null;
    prompt.editTurns(TURNS);
    draw();
    prompt.changed.connect(draw);
  });

  afterEach(() => {
    prompt.dispose();
    stage.dispose();
  });

  const named = <T extends HTMLElement>(name: string) =>
    stage.host.querySelector<T>(`[aria-label="${name}"]`)!;
  const press = (name: string) => act(() => named(name).click());
  const link = (text: string) =>
    [...stage.host.querySelectorAll('button')].find(
      button => button.textContent === text
    );

  it('shows each turn with its role, and changes them', () => {
    const role = named<HTMLSelectElement>('Role of turn 1');
    expect(role.value).toBe('system');
    expect(named<HTMLTextAreaElement>('Text of turn 2').value).toBe(
      'A red fruit?'
    );
    act(() => {
      role.value = 'user';
      role.dispatchEvent(new Event('change', { bubbles: true }));
    });
    expect(prompt.turns?.map(turn => turn.role)).toEqual(['user', 'user']);
  });

  it('moves and removes turns, and keeps the focus with them', () => {
    press('Move turn 1 down');
    expect(prompt.turns).toEqual([...TURNS].reverse());
    // It can't go further down: its other tools can be reached.
    expect(document.activeElement).toBe(named('Move turn 2 up'));
    press('Remove turn 1');
    expect(prompt.turns).toEqual([TURNS[0]]);
    expect(document.activeElement).toBe(named('Text of turn 1'));
    expect(named<HTMLButtonElement>('Remove turn 1').disabled).toBe(true);
  });

  it('adds the turn of who is next', () => {
    act(() => link('Add a turn')!.click());
    expect(prompt.turns?.[2]).toEqual({ role: 'model', text: '' });
    expect(document.activeElement).toBe(named('Text of turn 3'));
    act(() => link('Add a turn')!.click());
    expect(prompt.turns?.[3].role).toBe('user');
  });

  it('goes back to a single text where there is one user’s turn', () => {
    expect(link('As a single text')).toBeUndefined();
    press('Remove turn 1');
    act(() => link('As a single text')!.click());
    expect([prompt.value, prompt.turns]).toEqual(['A red fruit?', null]);
  });

  it.each<[string, Partial<ModelInfo>, RegExp | null]>([
    [
      'a template without one',
      {
        chat: 'own',
        template: { fault: '', date: '', system: 'none', thinking: false }
      },
      /m has no system turn, so this is refused/
    ],
    [
      'a template with one',
      {
        chat: 'own',
        template: { fault: '', date: '', system: 'possible', thinking: false }
      },
      null
    ],
    ['Gemma’s format', { chat: 'Gemma' }, /beginning of the first user turn/],
    ['another format', { chat: 'ChatML' }, null]
  ])('says what becomes of a system turn: %s', (_, known, says) => {
    model = fakeModel({ name: 'm', state: 'ready', ...known });
    draw();
    const hint = stage.host.querySelector('.lit-hint')?.textContent ?? null;
    if (says) {
      expect(hint).toMatch(says);
    } else {
      expect(hint).toBeNull();
    }
  });
});
