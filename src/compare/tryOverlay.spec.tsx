import React, { act } from 'react';

import { Stage } from '../components/fixtures';
import { TryOverlay } from './tryOverlay';
import type { ISegmentTrials } from './tryOverlay';

/** The specs' browser lays nothing out: a rectangle, in pixels. */
const rect = (left: number, top: number, width: number) =>
  ({
    left,
    top,
    width,
    right: left + width,
    bottom: top + 18,
    height: 18
  }) as DOMRect;

const SENTENCES = ['Be brief.', 'Be kind.'];

describe('compare/tryOverlay', () => {
  let stage: Stage;
  let asked: [keyof ISegmentTrials, number][];
  const trials: ISegmentTrials = {
    onTry: index => asked.push(['onTry', index]),
    onDelete: index => asked.push(['onDelete', index]),
    onInstead: index => asked.push(['onInstead', index]),
    onMark: index => asked.push(['onMark', index]),
    isMarked: index => index === 1
  };

  beforeEach(() => {
    stage = new Stage();
    asked = [];
  });

  afterEach(() => {
    stage.dispose();
    jest.restoreAllMocks();
  });

  /** Where the button is, with a segment from 10 to 90 and the next one at a place. */
  async function placed(
    next: DOMRect,
    hasBadge = false,
    width = 20
  ): Promise<number> {
    const root = { current: null as HTMLDivElement | null };
    const draw = () =>
      stage.draw(
        <div>
          <div
            className="lit-text"
            ref={element => {
              root.current = element;
            }}
          >
            <span data-part="prompt">
              <span data-segment="0">{SENTENCES[0]}</span>
              {hasBadge && <span className="lit-badge" />}
              <span data-segment="1">{SENTENCES[1]}</span>
            </span>
          </div>
          <TryOverlay root={root} isOffered trials={trials} />
        </div>
      );
    draw();
    const all = [...stage.host.querySelectorAll('[data-segment]')];
    const rows = [rect(10, 20, 80), next];
    all.forEach((segment, i) => {
      segment.getClientRects = () => [rows[i]] as unknown as DOMRectList;
    });
    const frame = root.current!.parentElement!;
    frame.getBoundingClientRect = () => rect(0, 0, 300);
    Object.defineProperty(frame, 'clientWidth', { value: 300 });
    jest
      .spyOn(HTMLElement.prototype, 'offsetWidth', 'get')
      .mockReturnValue(width);
    await act(async () => {
      all[0].dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
    });
    return parseFloat(
      stage.host.querySelector<HTMLElement>('.lit-try-place')!.style.left
    );
  }

  it('stands behind its segment where nothing follows', async () => {
    expect(await placed(rect(0, 40, 80))).toBe(90);
  });

  it('never covers the next word', async () => {
    expect((await placed(rect(94, 20, 80))) + 20).toBeLessThanOrEqual(94);
  });

  it('may cover the rank, but not the word behind it', async () => {
    const left = await placed(rect(114, 20, 80), true);
    expect(left).toBeGreaterThanOrEqual(90);
    expect(left + 20).toBeLessThanOrEqual(114);
  });

  it.each([
    [60, 'tools'],
    [90, 'scissors']
  ])(
    'leaves only the scissors where the others would cover the text before: %d px',
    async (width, fits) => {
      await placed(rect(94, 20, 80), false, width);
      expect(
        stage.host.querySelector<HTMLElement>('.lit-try-place')!.dataset.fits
      ).toBe(fits);
    }
  );

  it('does the same by keys, by clicks and by its tools', async () => {
    await placed(rect(0, 40, 80));
    const [first, second] = [
      ...stage.host.querySelectorAll<HTMLElement>('[data-segment]')
    ];
    const press = (key: string, more: KeyboardEventInit = {}) =>
      act(async () => {
        second.dispatchEvent(
          new KeyboardEvent('keydown', { key, bubbles: true, ...more })
        );
      });
    await press('Delete');
    await press('F2');
    await press(' ');
    await press(' ', { shiftKey: true });
    await press('Enter');
    expect(asked).toEqual([
      ['onDelete', 1],
      ['onInstead', 1],
      ['onMark', 1]
    ]);
    asked = [];
    const clicked = jest.fn();
    stage.host.addEventListener('click', clicked);
    second.dispatchEvent(
      new MouseEvent('click', { ctrlKey: true, bubbles: true })
    );
    expect(clicked).not.toHaveBeenCalled();
    first.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    expect(clicked).toHaveBeenCalledTimes(1);
    expect(asked).toEqual([['onMark', 1]]);
    // Space folds and unfolds what begins a turn.
    first.dataset.turn = 'user';
    first.dispatchEvent(
      new KeyboardEvent('keydown', { key: ' ', bubbles: true })
    );
    expect(asked).toHaveLength(1);
    asked = [];
    const over = (segment: HTMLElement) =>
      act(async () => {
        segment.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
      });
    await over(second);
    const box = stage.host.querySelector<HTMLInputElement>('.lit-mark-box')!;
    expect(box.checked).toBe(true);
    await act(async () => box.click());
    await stage.click('Try without “Be kind.”');
    await over(second);
    await stage.click('Try with another text instead of “Be kind.”');
    expect(asked).toEqual([
      ['onMark', 1],
      ['onTry', 1],
      ['onInstead', 1]
    ]);
  });
});
