import React, { act, useLayoutEffect } from 'react';

import { AutoText, MAX_EDITABLE } from './autotext';
import { CONTEXT, Stage, typeInto } from './fixtures';
import { NumberField } from './numberfield';

const { trans } = CONTEXT;

describe('fields of the panel', () => {
  let stage: Stage;
  let host: HTMLElement;

  beforeEach(() => {
    stage = new Stage();
    host = stage.host;
  });

  afterEach(() => stage.dispose());

  const draw = (element: JSX.Element) => act(async () => stage.draw(element));
  const click = (name: string) => stage.click(name);

  describe('a text', () => {
    let value: string;
    const show = async (text: string, limit?: number) => {
      value = text;
      await draw(
        <AutoText
          label={trans.__('Prompt')}
          value={text}
          limit={limit}
          onChange={changed => {
            value = changed;
          }}
        />
      );
    };
    const field = () => host.querySelector('textarea')!;
    /** All that the page holds of it. */
    const held = () => field().value.length + host.textContent!.length;

    it('is edited as it is up to the limit', async () => {
      await show('🍲'.repeat(10), 10);
      expect(field().readOnly).toBe(false);
      await typeInto(field(), 'soup');
      expect(value).toBe('soup');
    });

    describe('whose view', () => {
      let resized: () => void = () => undefined;
      let [width, height] = [100, 40];

      beforeEach(() => {
        [width, height] = [100, 40];
        Object.assign(globalThis, {
          ResizeObserver: class {
            constructor(callback: () => void) {
              resized = callback;
            }
            observe(): void {
              // The spec says when the size changes.
            }
            disconnect(): void {
              // See above.
            }
          }
        });
        const sizes: Record<string, () => number> = {
          clientWidth: () => width,
          scrollHeight: () => height
        };
        for (const [name, get] of Object.entries(sizes)) {
          jest.spyOn(Element.prototype, name as 'clientWidth', 'get')
            .mockImplementation(get); // prettier-ignore
        }
      });

      afterEach(() => jest.restoreAllMocks());

      it('is hidden stays as high as it is', async () => {
        await show('Name three uses for a paper clip.');
        expect(field().style.height).toBe('40px');
        [width, height] = [0, 0];
        resized();
        expect(field().style.height).toBe('40px');
        [width, height] = [50, 60];
        resized();
        expect(field().style.height).toBe('60px');
      });

      it('gets wider while it is opened becomes lower', async () => {
        const Opening = () => {
          useLayoutEffect(() => {
            [width, height] = [500, 20];
          }, []);
          return <AutoText value="Name three uses." onChange={jest.fn()} />;
        };
        await draw(<Opening />);
        expect(field().style.height).toBe('40px');
        resized();
        expect(field().style.height).toBe('20px');
      });
    });

    it('beyond the limit is reported and shortened, and never laid out', async () => {
      const long = 'a'.repeat(1_500_000);
      await show(long, 100_000);
      expect(held()).toBeLessThan(3_000);
      expect(field().readOnly).toBe(true);
      expect(field().getAttribute('aria-invalid')).toBe('true');
      const notice = document.getElementById(
        field().getAttribute('aria-describedby')!
      )!;
      expect(notice.textContent).toContain((1_500_000).toLocaleString());
      expect(notice.textContent).toContain((100_000).toLocaleString());
      expect(value).toBe(long);
      await click(
        `Shorten to the first ${(100_000).toLocaleString()} characters`
      );
      expect(value).toBe('a'.repeat(100_000));
    });

    it('has the usual limit until the server has said one', async () => {
      await show('a'.repeat(100_001));
      expect(field().readOnly).toBe(true);
    });

    it('that the server takes, but no field can edit in time, says so', async () => {
      await show('a'.repeat(MAX_EDITABLE + 1), 4_000_000);
      expect(held()).toBeLessThan(3_000);
      expect(field().getAttribute('aria-invalid')).toBe('false');
      expect(host.textContent).toContain('The model gets all of it');
    });

    it('that is pasted is looked at before the field has it', async () => {
      await show('soup', 100);
      field().setSelectionRange(2, 4);
      const long = 'a'.repeat(1_000);
      const event = new InputEvent('beforeinput', {
        data: long,
        cancelable: true
      });
      field().dispatchEvent(event);
      expect(event.defaultPrevented).toBe(true);
      expect(value).toBe(`so${long}`);
      expect(field().value).toBe('soup');
      await show(value, 100);
      expect(held()).toBeLessThan(3_000);
      await click('Back to the previous text');
      expect(value).toBe('soup');
    });

    it('that is short enough is pasted by the browser', async () => {
      await show('soup', 100);
      const event = new InputEvent('beforeinput', {
        data: 's',
        cancelable: true
      });
      field().dispatchEvent(event);
      expect(event.defaultPrevented).toBe(false);
    });
  });

  describe('a number', () => {
    let value: number;
    const show = async (props: { value?: number; max?: number } = {}) => {
      value = props.value ?? 256;
      await draw(
        <NumberField
          label={trans.__('Longest answer')}
          min={1}
          max={props.max ?? 511}
          because="The server allows no more."
          value={value}
          onChange={number => {
            value = number;
          }}
        />
      );
    };
    const field = () => host.querySelector('input')!;
    const leave = () =>
      act(async () => {
        field().dispatchEvent(new FocusEvent('focusout', { bubbles: true }));
      });

    it.each(['2000', '0', '1.5', '', '-3'])(
      'that is invalid stays, with what is wrong beside it: %j',
      async typed => {
        await show();
        await typeInto(field(), typed);
        await leave();
        expect(field().value).toBe(typed);
        expect(field().getAttribute('aria-invalid')).toBe('true');
        const said = document.getElementById(
          field().getAttribute('aria-describedby')!
        )!;
        expect(said.textContent).toBe(
          'Enter a whole number from 1 to 511. Until then 256 is used. The server allows no more.'
        );
        expect(value).toBe(256);
      }
    );

    it('that is mended is used, and nothing more is said', async () => {
      await show();
      await typeInto(field(), '2000');
      await typeInto(field(), '200');
      await leave();
      expect(value).toBe(200);
      expect(field().getAttribute('aria-invalid')).toBe('false');
      expect(host.querySelector('p')).toBeNull();
    });

    it('that comes from elsewhere takes the place of what was typed', async () => {
      await show();
      await typeInto(field(), '2000');
      await show({ value: 300 });
      expect(field().value).toBe('300');
      expect(host.querySelector('p')).toBeNull();
    });

    it('that was set for another model says what is used here', async () => {
      await show({ value: 2000 });
      expect(field().value).toBe('2000');
      expect(host.textContent).toContain('At most 511 is used here.');
    });
  });
});
