import { act } from 'react';
import React from 'react';

import { Stage } from '../components/fixtures';
import { FakeSource } from '../session/fakes';
import { PromptModel } from '../session/prompt';
import type { Session } from '../session/session';
import { Origin } from './origin';

describe('panel/origin: Apply to cell', () => {
  let stage: Stage;
  let prompt: PromptModel;
  let source: FakeSource;

  beforeEach(() => {
    stage = new Stage();
    prompt = new PromptModel();
    source = new FakeSource('one');
    prompt.open(source);
    const session = {
      prompt,
      runs: { isStale: false, changedFields: new Set(), shown: null }
    };
    const draw = () =>
      stage.draw(<Origin session={session as unknown as Session} />);
    draw();
    prompt.changed.connect(draw);
  });

  afterEach(() => {
    prompt.dispose();
    stage.dispose();
  });

  const button = (text: string) =>
    [...stage.host.querySelectorAll('button')].find(
      item => item.textContent === text
    );
  const press = (text: string) => act(async () => button(text)!.click());

  it('is offered for an edit alone, and ends it', async () => {
    expect(button('Apply to cell')).toBeUndefined();
    act(() => prompt.edit('one two'));
    expect(stage.host.textContent).toContain('edited here');
    await press('Apply to cell');
    expect(source.edits).toEqual([
      { from: 'one', values: {}, prompt: 'one two', turns: null }
    ]);
    expect(prompt.isEdited).toBe(false);
    expect(prompt.left).toBeNull();
    expect(button('Apply to cell')).toBeUndefined();
    expect(stage.host.textContent).not.toContain('edited here');
  });

  it('is not offered where nothing can be written', () => {
    Object.assign(source, { apply: undefined });
    act(() => prompt.edit('one two'));
    expect(button('Use the original text')).toBeDefined();
    expect(button('Apply to cell')).toBeUndefined();
  });

  it('says why it was refused, until the next edit', async () => {
    source.refusal = {
      message: 'Not applied.',
      hint: 'Its notebook is closed.',
      remedies: ['open']
    };
    const reveal = jest.spyOn(source, 'reveal');
    act(() => prompt.edit('one two'));
    await press('Apply to cell');
    const alert = stage.host.querySelector('[role="alert"]')!;
    expect(alert.textContent).toContain('Its notebook is closed.');
    await press('Open the notebook');
    expect(reveal).toHaveBeenCalled();
    await press('Dismiss');
    expect(stage.host.querySelector('[role="alert"]')).toBeNull();
    await press('Apply to cell');
    expect(stage.host.querySelector('[role="alert"]')).not.toBeNull();
    act(() => prompt.edit('one two three'));
    expect(stage.host.querySelector('[role="alert"]')).toBeNull();
  });
});
