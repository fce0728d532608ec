import React, { useRef } from 'react';

import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { describeProgress } from '../models/labels';
import { remediesOf } from '../session/problem';
import type { Session } from '../session/session';

/** What the model service is doing, or why it can't be used. */
export function ServiceNotice({
  session
}: {
  session: Session;
}): JSX.Element | null {
  const { trans, openModels } = usePanel();
  const { service, problem, models } = session.service;
  const model = models.find(m => m.name === session.model);
  // Use the page's clock, because the server's may differ.
  const since = useRef<{ what: string; at: number }>({ what: '', at: 0 });
  const waits =
    service?.state === 'starting'
      ? 'service'
      : service?.state === 'ready' &&
          (model?.state === 'loading' || model?.state === 'downloading')
        ? `model ${model.name}`
        : '';
  if (since.current.what !== waits) {
    since.current = { what: waits, at: Date.now() };
  }
  if (problem) {
    return (
      <Problem
        problem={problem}
        remedies={{
          retry: () => void session.service.refresh(),
          restart: () => void session.service.restart()
        }}
      />
    );
  }
  if (session.service.isReadOnly) {
    return (
      <Live className="lit-hint lit-readonly">
        {trans.__(
          'You can look at runs and datasets here, but not run a model or change anything. Ask your administrator for the permission “execute” on “lit-lab”.'
        )}
      </Live>
    );
  }
  const failed =
    service?.state === 'failed'
      ? {
          message: service.detail || trans.__('The model service failed.'),
          hint: service.hint
        }
      : model?.state === 'failed'
        ? {
            message:
              model.detail || trans.__('%1 could not be loaded.', model.name),
            hint: model.hint
          }
        : null;
  // A run that failed for this reason shows it with more details.
  const isTold = session.runs.failure?.message === failed?.message;
  const ofModels =
    model?.state === 'failed' && service?.state !== 'failed'
      ? remediesOf(model.error)
      : [];
  if (failed && !isTold) {
    return (
      <Problem
        problem={{
          ...failed,
          remedies: ofModels.includes('models') ? ofModels : ['restart', 'log']
        }}
        remedies={{ restart: () => void session.service.restart() }}
      />
    );
  }
  if (model?.state === 'absent' && openModels) {
    return (
      <div className="lit-absent">
        <Live as="span">
          {trans.__('%1 isn’t on this machine yet.', model.name)}
        </Live>
        <button type="button" className="lit-button" onClick={openModels}>
          {trans.__('Download…')}
        </button>
      </div>
    );
  }
  // A run, and a map in progress, show what they wait for themselves.
  const { isRunning } = session.runs;
  const { target, map, scores, demand } = session.explanation;
  const isComputing =
    demand?.computation?.phase === 'running' ||
    (target !== null && map === null && !demand && scores?.isBusy);
  if (waits && !isRunning && !isComputing) {
    if (waits === 'service' || !model) {
      const message =
        service?.detail || trans.__('Starting the model service…');
      return <Waiting message={message} since={since.current.at} />;
    }
    const figures = describeProgress(model, trans);
    return (
      <>
        <Waiting
          message={model.detail || trans.__('Loading %1', model.name)}
          since={since.current.at}
        />
        {figures && <p className="lit-hint">{figures}</p>}
      </>
    );
  }
  return null;
}
