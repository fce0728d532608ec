/** A computation on offer, its progress, its failure: the same for maps and tests. */
import React from 'react';

import type { Computation } from '../session/computation';
import { describeCost } from '../session/labels';
import { usePanel } from './context';
import { Problem, Waiting } from './notices';

/** What is known of a computation, and what a user can do with it. */
export type IOffered = Pick<
  Computation<unknown>,
  | 'phase'
  | 'estimate'
  | 'progress'
  | 'message'
  | 'since'
  | 'problem'
  | 'start'
  | 'cancel'
>;

/** A computation's cost with its button; or its progress. */
export function Offer(props: {
  computation: IOffered;
  /** The button's label. */
  start: string;
  /** What is being computed. */
  what: string;
  onRestart: () => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { computation, start, what, onRestart } = props;
  switch (computation.phase) {
    case 'running':
      return <Progress computation={computation} what={what} />;
    case 'failed':
      return (
        <Problem
          problem={computation.problem!}
          remedies={{ retry: () => computation.start(), restart: onRestart }}
        />
      );
    case 'offered':
      return (
        <div className="lit-offer">
          <button
            type="button"
            className="lit-button"
            onClick={() => computation.start()}
          >
            {start}
          </button>
          <span className="lit-offer-cost">
            {computation.estimate && describeCost(computation.estimate, trans)}
          </span>
        </div>
      );
    default:
      return null;
  }
}

/** A computation's progress, with a button that cancels it. */
function Progress(props: { computation: IOffered; what: string }): JSX.Element {
  const { trans } = usePanel();
  const { computation, what } = props;
  const { progress, message, since } = computation;
  const label = progress
    ? trans.__('%1: %2 of %3', what, progress.done, progress.total)
    : message || what;
  return (
    <div className="lit-progress">
      <Waiting message={label} since={since} />
      <div className="lit-progress-row">
        <progress
          aria-label={what}
          max={progress?.total ?? 1}
          value={progress?.done}
        />
        <button
          type="button"
          className="lit-button"
          onClick={() => computation.cancel()}
        >
          {trans.__('Cancel')}
        </button>
      </div>
    </div>
  );
}
