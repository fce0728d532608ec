/** What the panel tells while one waits, and when something went wrong. */
import React, { useEffect, useState } from 'react';

import type { IProblem, Remedy } from '../session/problem';
import { usePanel } from './context';
import { Linked } from './linked';

/** Tell what is being waited for, and for how long already. */
export function Waiting(props: {
  message: string;
  /** When the wait began, in milliseconds since the epoch. */
  since: number;
}): JSX.Element {
  const { trans } = usePanel();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.floor((now - props.since) / 1000);
  return (
    <div className="lit-waiting">
      <span className="lit-spinner" aria-hidden />
      <span className="lit-waiting-message">{props.message}</span>
      {seconds >= 1 && (
        // Not part of the live region: it would be read out each second.
        <span className="lit-waiting-time" aria-hidden>
          {trans.__('%1 s', seconds)}
        </span>
      )}
    </div>
  );
}

/** Tell a problem, and what can be done about it. */
export function Problem(props: {
  problem: IProblem;
  /** What each remedy does; those without are not offered. */
  remedies?: Partial<Record<Remedy, () => void>>;
  onDismiss?: () => void;
}): JSX.Element {
  const { trans, showLog, openModels } = usePanel();
  const labels: Record<Remedy, string> = {
    retry: trans.__('Retry'),
    restart: trans.__('Restart service'),
    log: trans.__('Show log'),
    reload: trans.__('Reload page'),
    models: trans.__('Models…')
  };
  const actions: Partial<Record<Remedy, () => void>> = {
    log: showLog,
    reload: () => window.location.reload(),
    models: openModels,
    ...props.remedies
  };
  const { message, hint, remedies } = props.problem;
  return (
    <div className="lit-problem" role="alert">
      <div className="lit-problem-message">{message}</div>
      {hint && (
        <div className="lit-problem-hint">
          <Linked text={hint} />
        </div>
      )}
      <div className="lit-problem-actions">
        {remedies
          .filter(remedy => actions[remedy])
          .map(remedy => (
            <button
              key={remedy}
              type="button"
              className="lit-button"
              onClick={actions[remedy]}
            >
              {labels[remedy]}
            </button>
          ))}
        {props.onDismiss && (
          <button type="button" className="lit-link" onClick={props.onDismiss}>
            {trans.__('Dismiss')}
          </button>
        )}
      </div>
    </div>
  );
}
