import React from 'react';

import { usePanel } from '../components/context';
import { Live } from '../components/live';
import type { Session } from '../session/session';

/** The index of the shown sample, and buttons for the others; nothing for a single answer. */
export function SampleStrip({
  session
}: {
  session: Session;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { shown, samples, isRunning } = session.runs;
  const index = samples.indexOf(shown);
  if (index < 0 || samples.total < 2) {
    return null;
  }
  const { runs } = samples;
  const same = samples.sameAs(index);
  const isThere = (at: number) => (runs[at] ?? null) !== null;
  // A reload may have lost a sample, so use the next one that is loaded.
  let before = index - 1;
  while (before >= 0 && !isThere(before)) {
    before--;
  }
  let after = index + 1;
  while (after < runs.length && !isThere(after)) {
    after++;
  }
  const isLost = runs.includes(null);
  const step = (to: number, label: string, sign: string) => {
    const isOff = isRunning || !isThere(to);
    return (
      <button
        type="button"
        className="lit-button lit-samples-step"
        aria-label={label}
        // Not disabled, so that the focus stays.
        aria-disabled={isOff}
        title={
          isRunning
            ? trans.__('Available once all samples are complete or stopped')
            : isOff && isLost
              ? trans.__('The missing samples are not in the history')
              : label
        }
        onClick={() => {
          if (!isOff) {
            session.showSample(to);
          }
        }}
      >
        <span aria-hidden>{sign}</span>
      </button>
    );
  };
  return (
    <div className="lit-samples" role="group" aria-label={trans.__('Samples')}>
      {step(before, trans.__('Previous sample'), '‹')}
      <Live as="span">
        {trans.__('Sample %1 of %2', index + 1, samples.total)}
        {same >= 0 && <> · {trans.__('same answer as sample %1', same + 1)}</>}
      </Live>
      {step(after, trans.__('Next sample'), '›')}
    </div>
  );
}
