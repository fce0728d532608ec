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

describe('panel/origin: rows beside the one that is shown', () => {
  let stage: Stage;
  let prompt: PromptModel;

  beforeEach(() => {
    stage = new Stage();
    prompt = new PromptModel();
    const session = { prompt, runs: { isStale: false, shown: null } };
    const draw = () =>
      stage.draw(<Origin session={session as unknown as Session} />);
    prompt.changed.connect(draw);
  });

  afterEach(() => {
    prompt.dispose();
    stage.dispose();
  });

  /** A row of three, which opens those beside it. */
  function row(number: number): FakeSource {
    const source = new FakeSource(`row ${number}`);
    source.place = [`row ${number}`];
    return Object.assign(source, {
      step: async (by: number) => {
        const to = number + by;
        if (to < 1 || to > 3) {
          return 'There is none.';
        }
        prompt.open(row(to));
        return null;
      }
    });
  }

  it('are a click away, where there are any', async () => {
    act(() => prompt.open(row(2)));
    await stage.click('Run the next row');
    expect(prompt.value).toBe('row 3');
    // The same button, so that the focus stays.
    expect(document.activeElement).toBe(stage.button('Run the next row'));
    await stage.click('Run the next row');
    const status = stage.host.querySelector('[role="status"]');
    expect(status?.textContent).toBe('There is none.');
    await stage.click('Run the previous row');
    expect(prompt.value).toBe('row 2');
    expect(status?.textContent).toBe('');
  });

  it('are not offered for other prompts, nor once the row is gone', () => {
    act(() => prompt.open(new FakeSource('a cell')));
    expect(stage.button('Run the next row')).toBeUndefined();
    const source = row(1);
    act(() => prompt.open(source));
    expect(stage.button('Run the next row')).toBeDefined();
    act(() => source.become(null));
    expect(stage.button('Run the next row')).toBeUndefined();
  });
});
