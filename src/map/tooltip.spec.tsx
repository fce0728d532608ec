/** Where the tooltip is. */
import { act } from 'react';

import { Stage } from '../components/fixtures';
import { startRun } from '../session/run';
import { drawSalienceText, token } from './fixtures';

const RUN = {
  ...startRun(
    { model: 'demo', prompt: '', values: {}, sampling: {}, origin: null },
    ''
  ),
  promptTokens: [token('Say.')],
  answerTokens: [token(' Hi.')]
};

/** Height of the tooltip, in pixels. */
const HEIGHT = 20;

const rectangle = (top: number, bottom: number) =>
  ({ left: 0, right: 100, top, bottom }) as DOMRect;

describe('map/tooltip', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
    stage.host.className = 'lit-scroll';
  });

  afterEach(() => {
    jest.restoreAllMocks();
    stage.dispose();
  });

  /** Top of the tooltip of a segment from 60 to 80, where the content of a scroller of 300 ends at a height. */
  function topOf(end: number): number {
    jest
      .spyOn(Element.prototype, 'getBoundingClientRect')
      .mockImplementation(function (this: Element) {
        return this === stage.host ? rectangle(0, 300) : rectangle(0, end);
      });
    jest
      .spyOn(Element.prototype, 'getClientRects')
      .mockReturnValue([rectangle(60, 80)] as unknown as DOMRectList);
    jest
      .spyOn(HTMLElement.prototype, 'offsetHeight', 'get')
      .mockReturnValue(HEIGHT);
    drawSalienceText(stage, RUN, { ready: true });
    const segments = stage.host.querySelectorAll<HTMLElement>('[data-segment]');
    act(() => segments[segments.length - 1].focus());
    const tip = stage.host.querySelector<HTMLElement>('[role="tooltip"]')!;
    return parseFloat(tip.style.top);
  }

  it('is below its segment', () => {
    expect(topOf(200)).toBeGreaterThan(80);
  });

  it('adds nothing to scroll at the end of the text', () => {
    expect(topOf(90)).toBeLessThan(60);
  });
});
