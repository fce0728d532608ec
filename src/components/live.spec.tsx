import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import { PanelContext } from './context';
import { CONTEXT } from './fixtures';
import { Live } from './live';

const SAMPLE = 'Sample 2 of 3';
const PROBLEM = 'The service stopped';

const parts = (
  <>
    <Live className="lit-hint">{SAMPLE}</Live>
    <Live as="div" isAlert>
      {PROBLEM}
    </Live>
  </>
);
const spoken =
  '<p role="status" class="lit-hint">Sample 2 of 3</p><div role="alert">The service stopped</div>';

const drawn = (isSilent?: boolean) =>
  renderToStaticMarkup(
    <PanelContext value={{ ...CONTEXT, isSilent }}>{parts}</PanelContext>
  );

describe('components/live', () => {
  it('is a live region', () => {
    expect(drawn()).toBe(spoken);
  });

  it('is plain text in a panel beside the one that announces', () => {
    expect(drawn(true)).toBe(
      '<p class="lit-hint">Sample 2 of 3</p><div>The service stopped</div>'
    );
  });

  it('is a live region outside of a panel', () => {
    expect(renderToStaticMarkup(parts)).toBe(spoken);
  });
});
