/** What the panel shows while the user waits, and when something fails. */
import React, { useEffect, useState } from 'react';

import type { IProblem, Remedy } from '../session/problem';
import { usePanel } from './context';
import { Linked } from './linked';
import { Live } from './live';

/** Says what the user waits for, and how long it has taken so far. */
export function Waiting(props: {
  message: string;
  /** When the wait started, in milliseconds since the epoch. */
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
        // Outside the live region: screen readers would read it out each second.
        <span className="lit-waiting-time" aria-hidden>
          {trans.__('%1 s', seconds)}
        </span>
      )}
    </div>
  );
}

/** Shows a problem, and what to do about it. */
export function Problem(props: {
  problem: IProblem;
  /** What each remedy does; remedies that are absent aren't offered. */
  remedies?: Partial<Record<Remedy, () => void>>;
  onDismiss?: () => void;
}): JSX.Element {
  const { trans, showLog, openModels } = usePanel();
  const labels: Record<Remedy, string> = {
    retry: trans.__('Retry'),
    restart: trans.__('Restart service'),
    log: trans.__('Show log'),
    reload: trans.__('Reload page'),
    models: trans.__('Models…'),
    open: trans.__('Open the notebook')
  };
  const actions: Partial<Record<Remedy, () => void>> = {
    log: showLog,
    reload: () => window.location.reload(),
    models: openModels,
    ...props.remedies
  };
  const { message, hint, remedies } = props.problem;
  return (
    <Live as="div" className="lit-problem" isAlert>
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
    </Live>
  );
}
