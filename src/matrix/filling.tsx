import React from 'react';

import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { describeCost } from '../session/labels';
import type { IFilling, MatrixModel } from './model';

/** Rows by a method that explains one sentence at a time: their cost, or their progress. */
export function Filling(props: {
  model: MatrixModel;
  filling: IFilling;
  /** The method's name. */
  method: string;
  onRestart: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, filling, method, onRestart } = props;
  const { done, total, estimate, since, message, problem } = filling;
  if (since !== null) {
    const what = trans.__('Computing %1', method);
    return (
      <div className="lit-matrix-filling lit-progress">
        <Waiting
          message={
            message || trans.__('%1: sentence %2 of %3', what, done + 1, total)
          }
          since={since}
        />
        <div className="lit-progress-row">
          <progress aria-label={what} max={total} value={done} />
          <button
            type="button"
            className="lit-button"
            onClick={() => model.stop()}
          >
            {trans.__('Cancel')}
          </button>
        </div>
      </div>
    );
  }
  if (problem) {
    return (
      <Problem
        problem={problem}
        remedies={{ retry: () => model.fill(), restart: onRestart }}
      />
    );
  }
  const cost = estimate ? describeCost(estimate, trans) : '';
  return (
    <div className="lit-matrix-filling lit-offer">
      <span className="lit-hint">
        {trans.__(
          '%1 explains one sentence at a time; %2 of %3 are computed.',
          method,
          done,
          total
        )}
      </span>
      <button type="button" className="lit-button" onClick={() => model.fill()}>
        {done === 0 ? trans.__('Compute all') : trans.__('Compute the others')}
      </button>
      <span className="lit-offer-cost">
        {cost && trans.__('at most %1', cost)}
      </span>
    </div>
  );
}
