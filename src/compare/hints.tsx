/** What the panel offers below its text. */
import React from 'react';

import { usePanel } from '../panel/context';
import { useRedraw } from '../panel/redraw';
import type { CompareLauncher } from './launcher';

/** The way to compare with the run before; and why a trial was refused. */
export function CompareHints(props: {
  launcher: CompareLauncher;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { launcher } = props;
  useRedraw(launcher);
  const { current, before, refusal } = launcher;
  const isOffered =
    current !== null && before !== null && current.answerTokens.length > 0;
  return (
    <>
      {refusal && (
        <div className="lit-problem" role="alert">
          <div className="lit-problem-message">{refusal}</div>
          <div className="lit-problem-actions">
            <button
              type="button"
              className="lit-link"
              onClick={() => launcher.dismiss()}
            >
              {trans.__('Dismiss')}
            </button>
          </div>
        </div>
      )}
      {isOffered && (
        <p className="lit-inset lit-compare-offer">
          <button
            type="button"
            className="lit-link"
            onClick={() => launcher.compareWithBefore()}
          >
            {trans.__('Compare with the run before')}
          </button>
        </p>
      )}
    </>
  );
}
