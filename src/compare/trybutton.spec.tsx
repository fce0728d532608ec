import React, { act } from 'react';

import { Stage } from '../components/fixtures';
import { TryOverlay } from './trybutton';

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

describe('compare/trybutton', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => {
    stage.dispose();
    jest.restoreAllMocks();
  });

  /** Where the button is, with a segment from 10 to 90 and the next one at a place. */
  async function placed(next: DOMRect, hasBadge = false): Promise<number> {
    const root = { current: null as HTMLDivElement | null };
    const draw = () =>
      stage.draw(
        <div>
          <div
            className="lit-flow"
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
          <TryOverlay root={root} isOffered onTry={() => undefined} />
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
    jest.spyOn(HTMLElement.prototype, 'offsetWidth', 'get').mockReturnValue(20);
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
});
