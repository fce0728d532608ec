import React from 'react';

import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { isUnderWay } from '../session/run';
import type { Session } from '../session/session';

/** Announces changes to screen readers. */
export function Status({ session }: { session: Session }): JSX.Element {
  const { trans } = usePanel();
  const { shown: run, attempt } = session.runs;
  const { target, map, scores, demand } = session.explanation;
  const { service } = session.service;
  let text = '';
  if (attempt && isUnderWay(attempt)) {
    text = attempt.message;
  } else if (run?.phase === 'answering') {
    text = run.numAgain === null ? trans.__('Answering') : run.message;
  } else if (target && map) {
    text = trans.__('Salience shown');
  } else if (demand) {
    text =
      demand.computation?.phase === 'running'
        ? demand.computation.message || trans.__('Computing salience')
        : trans.__('Salience is computed on request');
  } else if (target && scores && !scores.problem) {
    text = scores.message;
  } else if (run?.phase === 'done') {
    text = trans.__('Answer complete');
  } else if (run?.phase === 'stopped') {
    text = trans.__('Stopped');
  } else if (run?.phase === 'failed') {
    text = trans.__('The answer broke off');
  } else if (service?.state === 'starting') {
    text = service.detail;
  }
  return (
    <Live as="div" className="lit-visually-hidden">
      {text}
    </Live>
  );
}
