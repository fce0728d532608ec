import type { TranslationBundle } from '@jupyterlab/translation';
import type { Toolbar } from '@jupyterlab/ui-components';
import React from 'react';

import { usePanel } from '../components/context';
import type { Session } from '../session/session';
import { RunButton } from './run';
import { Tools } from './tools';

/** The state of the service and the model, in one word. */
type Readiness =
  'unknown' | 'stopped' | 'starting' | 'ready' | 'failed' | 'absent';

/** Run, the model with its state, and tools, in one row with a fixed height. */
export function Header({
  session,
  runButton,
  toolbar,
  onRun
}: {
  session: Session;
  toolbar?: Toolbar;
  onRun: () => void;
  runButton: React.Ref<HTMLButtonElement>;
}): JSX.Element {
  const { trans } = usePanel();
  return (
    <header className="lit-header">
      <h2 className="lit-visually-hidden">{trans.__('Prompt salience')}</h2>
      <RunButton session={session} button={runButton} onRun={onRun} />
      <ModelChoice session={session} />
      {toolbar && <Tools toolbar={toolbar} />}
    </header>
  );
}

/** The model and its state. */
function ModelChoice({ session }: { session: Session }): JSX.Element {
  const { trans } = usePanel();
  const { models } = session.service;
  const readiness = readinessOf(session);
  const name = session.model;
  if (name === null) {
    return <span className="lit-model" />;
  }
  return (
    <span className="lit-model" data-state={readiness}>
      <span className="lit-dot" aria-hidden />
      {models.length > 1 ? (
        <select
          className="lit-model-choice"
          aria-label={trans.__('Model')}
          title={name}
          value={name}
          disabled={session.runs.isRunning}
          onChange={event => {
            session.model = event.target.value;
          }}
        >
          {models.map(model => (
            <option key={model.name} value={model.name}>
              {model.name}
            </option>
          ))}
        </select>
      ) : (
        <span className="lit-model-name" title={name}>
          {name}
        </span>
      )}
      <span className="lit-model-state">
        {describeReadiness(readiness, trans)}
      </span>
    </span>
  );
}

function readinessOf(session: Session): Readiness {
  const { service, models } = session.service;
  if (!service) {
    return 'unknown';
  }
  const model = models.find(m => m.name === session.model);
  if (service.state === 'ready' && model) {
    if (model.state === 'loading' || model.state === 'downloading') {
      return 'starting';
    }
    if (model.state === 'absent') {
      return 'absent';
    }
    return model.state === 'failed' ? 'failed' : 'ready';
  }
  return service.state;
}

function describeReadiness(
  readiness: Readiness,
  trans: TranslationBundle
): string {
  return {
    unknown: '',
    stopped: trans.__('asleep'),
    starting: trans.__('starting'),
    ready: trans.__('ready'),
    failed: trans.__('failed'),
    absent: trans.__('not here')
  }[readiness];
}
