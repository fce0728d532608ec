/** The panel's views. */
import { act } from 'react';

import { PanelStage } from './fixtures';

describe('panel/view', () => {
  let stage: PanelStage;

  beforeEach(async () => {
    stage = await PanelStage.begin();
    await stage.explained(5);
  });

  afterEach(() => stage.dispose());

  it('moves the focus from a view that is hidden to the tab of the one that is shown', () => {
    act(() => stage.button('Surprisal')!.focus());
    act(() => stage.layout.show('history'));
    expect(document.activeElement?.textContent).toBe('History');
    expect(document.activeElement?.getAttribute('role')).toBe('tab');
  });

  it('leaves the focus where it is outside of the panel', () => {
    const cell = document.createElement('textarea');
    document.body.append(cell);
    act(() => stage.button('Surprisal')!.focus());
    act(() => cell.focus());
    act(() => stage.layout.show('history'));
    expect(document.activeElement).toBe(cell);
    cell.remove();
  });
});
