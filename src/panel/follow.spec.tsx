/** What stays in view after an answer: the sentence that is explained. */
import { PanelStage } from './fixtures';

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
});
