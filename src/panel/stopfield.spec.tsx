import React, { act } from 'react';

import { CONTEXT, Stage, typeInto } from '../components/fixtures';
import { FakeClient, FakeSource, settle } from '../session/fakes';
import { Session } from '../session/session';
import { RunParts } from './fixtures';
import { StopField } from './stopfield';

const { trans } = CONTEXT;
const FEW = 'Q: a\nA: b\n\nQ: c\nA:';

describe('panel: where the answer ends', () => {
  let stage: Stage;
  let host: HTMLElement;

  beforeEach(() => {
    stage = new Stage();
    host = stage.host;
  });

  afterEach(() => stage.dispose());

  const draw = (element: JSX.Element) =>
    act(async () => {
      stage.draw(element);
      await settle();
    });
  const button = (name: string) => stage.button(name);
  const click = (name: string) => stage.click(name);

  describe('the field', () => {
    let stop: readonly string[];
    const show = async (now: readonly string[]) => {
      stop = now;
      await draw(
        <StopField
          stop={stop}
          onChange={changed => {
            stop = changed;
          }}
        />
      );
    };
    const field = () => host.querySelector('input')!;
    const type = (text: string) => typeInto(field(), text);
    const press = (key: string, more: KeyboardEventInit = {}) =>
      act(async () => {
        field().dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true, ...more })
        );
      });
    const shown = () =>
      [...host.querySelectorAll('li bdi')].map(one => one.textContent);

    it('is labelled, and takes a text with Enter or a click, escapes meant', async () => {
      await show([]);
      expect(field().labels![0].textContent).toBe('Stop at');
      expect(button('Add')!.disabled).toBe(true);
      await type('\\nQ:');
      await press('Enter');
      expect(stop).toEqual(['\nQ:']);
      expect(field().value).toBe('');
      await show(stop);
      expect(shown()).toEqual(['\\nQ:']);
      await type('<b>A</b>');
      await click('Add');
      await show(stop);
      expect(stop).toEqual(['\nQ:', '<b>A</b>']);
      expect(shown()).toEqual(['\\nQ:', '<b>A</b>']);
      expect(host.querySelector('b')).toBeNull();
    });

    it('has each text once, and none that is empty', async () => {
      await show(['Q:']);
      await press('Enter');
      expect(stop).toEqual(['Q:']);
      await type('Q:');
      await press('Enter');
      expect(stop).toEqual(['Q:']);
      expect(field().value).toBe('');
    });

    it('leaves Enter to an input method', async () => {
      await show([]);
      await type('Q:');
      await press('Enter', { isComposing: true });
      expect(stop).toEqual([]);
    });

    it('takes what was typed with Ctrl+Enter, which runs, and when it is left', async () => {
      await show([]);
      await type('Q:');
      await press('Enter', { ctrlKey: true });
      expect(stop).toEqual(['Q:']);
      await show(['Q:']);
      await type('A:');
      await act(async () => field().focus());
      await act(async () => field().blur());
      expect(stop).toEqual(['Q:', 'A:']);
    });

    it('keeps the line breaks of what is pasted', async () => {
      await show([]);
      await type('A');
      const paste = new Event('paste', { bubbles: true, cancelable: true });
      Object.assign(paste, { clipboardData: { getData: () => '\nQ:' } });
      await act(async () => {
        field().setSelectionRange(1, 1);
        field().dispatchEvent(paste);
      });
      expect(field().value).toBe('A\\nQ:');
      await press('Enter');
      expect(stop).toEqual(['A\nQ:']);
    });

    it('removes one by a button of its own, and keeps the focus', async () => {
      await show(['Q:', '\n']);
      await click('Remove “\\n”');
      expect(stop).toEqual(['Q:']);
      expect(document.activeElement).toBe(field());
    });

    it('says what is too long, and what too many', async () => {
      await show([]);
      await type('x'.repeat(101));
      await press('Enter');
      expect(stop).toEqual([]);
      expect(field().getAttribute('aria-invalid')).toBe('true');
      const problem = () =>
        document.getElementById(field().getAttribute('aria-describedby')!)!
          .textContent;
      expect(problem()).toBe('Enter at most 100 characters.');
      await type('x'.repeat(100));
      await press('Enter');
      expect(stop).toEqual(['x'.repeat(100)]);
      await show([...'abcdefgh']);
      expect(problem()).toContain('At most 8 texts');
      expect(field().readOnly).toBe(true);
      await type('i');
      await press('Enter');
      expect(stop).toHaveLength(8);
    });
  });

  describe('the proposal', () => {
    let client: FakeClient;
    let session: Session;
    const show = () =>
      draw(
        <RunParts
          session={session}
          onSettings={change => {
            session.settings = { ...session.settings, ...change };
          }}
        />
      );
    const answered = async (stoppedAt: string | null) => {
      const running = session.runs.generate();
      await settle();
      client.last.answer(FEW, ' d', stoppedAt);
      await running;
      await settle();
    };

    beforeEach(async () => {
      client = new FakeClient();
      session = new Session(client, trans);
      await session.service.refresh();
      session.open(new FakeSource(FEW));
      await settle();
    });

    afterEach(() => session.dispose());

    it('is added with one click, announced, and made no more', async () => {
      await show();
      await click('Stop at “Q:”?');
      expect(session.settings.stop).toEqual(['\nQ:']);
      expect(document.activeElement).toBe(host.querySelector('.lit-primary'));
      await show();
      expect(button('Stop at “Q:”?')).toBeUndefined();
      expect(host.textContent).toContain(
        'Next answer: greedy, to stop at “\\nQ:”'
      );
      await answered('\nQ:');
      await show();
      expect(host.querySelector('.lit-facts')!.textContent).toContain(
        'ended before “\\nQ:”'
      );
      expect(host.textContent).not.toContain('Next answer');
    });

    it('is not made where a text that ends the answer earlier is there', async () => {
      for (const one of ['Q', 'Q:', '\n']) {
        session.settings = { ...session.settings, stop: [one] };
        await show();
        expect(button('Stop at “Q:”?')).toBeUndefined();
      }
    });

    it('is not made for other prompts, nor where the answer ended by itself', async () => {
      await show();
      expect(button('Stop at “Q:”?')).toBeDefined();
      await answered(null);
      await show();
      expect(button('Stop at “Q:”?')).toBeUndefined();
      session.prompt.edit('Say soup.');
      await show();
      expect(button('Stop at “Q:”?')).toBeUndefined();
    });
  });
});
