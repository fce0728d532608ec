/** What stays in view after an answer: the sentence that is explained. */
import React, { useRef } from 'react';

import { Stage } from '../components/fixtures';
import type { IRun } from '../session/run';
import { PanelStage } from './fixtures';
import { useFollow } from './follow';

/** The text above the drawer while an answer arrives. */
function Answering({ length }: { length: number }): JSX.Element {
  const root = useRef<HTMLDivElement>(null);
  const run = { key: 1, phase: 'answering', answerTokens: { length } };
  useFollow(root, run as unknown as IRun, false);
  return (
    <div ref={root} className="lit-analysis">
      <div className="lit-scroll">
        <span className="lit-caret" />
      </div>
      <div className="lit-insight" />
    </div>
  );
}

describe('panel/follow', () => {
  it('keeps the explained sentence in view once the drawer has opened', async () => {
    const stage = await PanelStage.begin();
    const shown: Element[] = [];
    Element.prototype.scrollIntoView = function (this: Element) {
      shown.push(this);
    };
    await stage.explained(0);
    expect(stage.scenario.session.explanation.map).not.toBeNull();
    // The last that was scrolled to: nothing pushes it out of view again.
    expect(shown.pop()?.getAttribute('data-target')).toBe('true');
    stage.dispose();
  });

  it.each(['.lit-scroll', '.lit-analysis'])(
    'follows an answer until the user scrolls up: %s',
    scroller => {
      const stage = new Stage();
      let shown = 0;
      Element.prototype.scrollIntoView = () => (shown += 1);
      const scroll = (selector: string, top: number) => {
        const element = document.querySelector(selector)!;
        element.scrollTop = top;
        element.dispatchEvent(new Event('scroll'));
      };
      stage.draw(<Answering length={1} />);
      scroll(scroller, 50);
      scroll('.lit-insight', 20);
      scroll('.lit-insight', 0);
      stage.draw(<Answering length={2} />);
      expect(shown).toBe(2);
      scroll(scroller, 30);
      stage.draw(<Answering length={3} />);
      expect(shown).toBe(2);
      stage.dispose();
    }
  );
});
