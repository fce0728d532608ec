import React from 'react';

import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { describeSampling } from '../session/labels';
import { isUnderWay } from '../session/run';
import type { Session } from '../session/session';
import { countOf, samplingOf } from '../session/settings';
import type { ISettings } from '../session/settings';
import { describeStops, isSameStops } from '../session/stop';
import { SampleStrip } from './samples';
import { StopProposal } from './stopfield';

/** Run; or Stop, in its place, while the model answers. It never moves: what comes and goes is below the tabs. */
export function RunButton({
  session,
  button,
  onRun
}: {
  session: Session;
  onRun: () => void;
  button: React.Ref<HTMLButtonElement>;
}): JSX.Element {
  const { trans } = usePanel();
  return session.runs.isRunning ? (
    <button
      type="button"
      className="lit-button lit-stop"
      onClick={() => session.runs.stop()}
    >
      <span aria-hidden>◼ </span>
      {trans.__('Stop')}
    </button>
  ) : (
    <button
      ref={button}
      type="button"
      className="lit-button lit-primary"
      title={trans.__('Let the model answer (Ctrl+Enter)')}
      onClick={onRun}
    >
      <span aria-hidden>▶ </span>
      {trans.__('Run')}
    </button>
  );
}

/**
 * What the user waits for, what went wrong, and how the next answer is generated. This is above all views, so that it is
 * visible in each of them.
 */
export function RunNotices({
  session,
  onSettings,
  onTaken
}: {
  session: Session;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Called after a click on a suggestion, when its button is gone, to move the focus. */
  onTaken: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { runs } = session;
  const { shown: run, attempt, failure: failed, promptProblem } = runs;
  const awaited = isUnderWay(attempt)
    ? attempt
    : run && isUnderWay(run)
      ? run
      : null;
  // After a restart, the text so far stays until as much has come again.
  const isBusy =
    awaited !== null &&
    (awaited.answerTokens.length === 0 || awaited.numAgain !== null);
  const restarted = (attempt ?? run)?.restarted;
  return (
    <section className="lit-run" aria-label={trans.__('Run')}>
      <SampleStrip session={session} />
      <Sampled session={session} />
      <StopProposal
        session={session}
        onSettings={onSettings}
        onTaken={onTaken}
      />
      {promptProblem && <Problem problem={promptProblem} />}
      {isBusy && <Waiting message={awaited.message} since={awaited.started} />}
      {restarted && !(isBusy && awaited.message === restarted) && !failed && (
        <Live className="lit-hint">{restarted}</Live>
      )}
      {failed && (
        <Problem
          problem={failed}
          remedies={{
            retry: () => void runs.retry(),
            restart: () => void session.service.restart()
          }}
          onDismiss={attempt?.problem ? () => runs.dismiss() : undefined}
        />
      )}
    </section>
  );
}

/** How the next answer is sampled; nothing if sampling is deterministic. */
function Sampled({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { settings } = session;
  const { shown: run, samples } = session.runs;
  const next = samplingOf(settings);
  const count = countOf(settings);
  const { stop } = settings;
  const how = describeSampling(next, trans);
  const isUsual = how === describeSampling({}, trans) && stop.length === 0;
  // The first of several samples has the chosen seed.
  const isSample = samples.indexOf(run) >= 0;
  const first = isSample ? samples.runs[0] : run;
  const isTold =
    first !== null &&
    how === describeSampling(first.sampling, trans) &&
    isSameStops(first.stop, stop) &&
    (count === 1 || (isSample && samples.total === count));
  if (isUsual || isTold) {
    return null;
  }
  const details = [
    how,
    count > 1 ? trans.__('%1 samples', count) : '',
    describeStops(stop, trans)
  ];
  return (
    <Live className="lit-hint lit-sampled">
      {trans.__(
        'Next answer: %1',
        details.filter(part => part !== '').join(', ')
      )}
    </Live>
  );
}
