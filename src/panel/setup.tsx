/** Sets up the model service's separate environment. */
import React, { useRef } from 'react';

import type { SetupStatus } from '../api';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { describeBytes } from '../models/labels';
import type { ServiceModel } from '../session/service';

/**
 * Offers to set up the service if it failed because its libraries are missing, and
 * shows the progress.
 */
export function SetupNotice({
  service
}: {
  service: ServiceModel;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { setup } = service;
  // Use the page's clock, because the server's may differ.
  const since = useRef<{ step: string; at: number }>({ step: '', at: 0 });
  if (setup && since.current.step !== setup.step) {
    since.current = { step: setup.step, at: Date.now() };
  }
  // Another button replaces the pressed one, so move the keyboard focus to it.
  const pressed = useRef<'start' | 'stop' | null>(null);
  const press = (which: 'start' | 'stop') => {
    pressed.current = which;
    void (which === 'start' ? service.setUp() : service.stopSetup());
  };
  const take =
    (which: 'start' | 'stop') => (button: HTMLButtonElement | null) => {
      if (button && pressed.current && pressed.current !== which) {
        pressed.current = null;
        button.focus();
      }
    };
  if (setup?.state === 'running') {
    return (
      <section
        className="lit-setup lit-progress"
        aria-label={trans.__('Setting up the model service')}
      >
        <Live as="div">
          <Waiting message={setup.step} since={since.current.at} />
        </Live>
        <div className="lit-progress-row">
          {setup.total === null ? (
            // Not a live region, because there are hundreds of lines.
            <p className="lit-setup-line" title={setup.line}>
              {setup.line}
            </p>
          ) : (
            <Bytes setup={setup} done={setup.done ?? 0} total={setup.total} />
          )}
          <button
            type="button"
            className="lit-button"
            aria-label={trans.__('Stop setting up the model service')}
            ref={take('stop')}
            onClick={() => press('stop')}
          >
            {trans.__('Stop')}
          </button>
        </div>
      </section>
    );
  }
  if (!setup?.wanted || service.service?.state !== 'failed') {
    return null;
  }
  const label =
    setup.state === 'stopped'
      ? trans.__('Continue setting up')
      : setup.state === 'failed'
        ? trans.__('Try again')
        : trans.__('Set up');
  return (
    <section
      className="lit-setup"
      aria-label={trans.__('Set up the model service')}
    >
      {setup.state === 'failed' ? (
        <Problem
          problem={{
            message: setup.message,
            hint: setup.hint,
            remedies: ['log']
          }}
        />
      ) : (
        <p className="lit-hint">
          {setup.state === 'stopped'
            ? trans.__('Stopped. What is installed so far stays.')
            : trans.__(
                'LIT Lab can install TensorFlow, Keras and LIT in a separate environment. This takes a few minutes, and a few gigabytes in Jupyter’s data folder. Jupyter’s own environment does not change.'
              )}
        </p>
      )}
      <button
        type="button"
        className="lit-button lit-primary"
        ref={take('start')}
        onClick={() => press('start')}
      >
        {label}
      </button>
    </section>
  );
}

/** A download's progress. */
function Bytes(props: {
  setup: SetupStatus;
  done: number;
  total: number;
}): JSX.Element {
  const { trans } = usePanel();
  const { setup, done, total } = props;
  return (
    <>
      <progress
        aria-label={setup.line || setup.step}
        title={setup.line}
        max={total}
        value={done}
      />
      <span className="lit-hint">
        {trans.__('%1 of %2', describeBytes(done), describeBytes(total))}
      </span>
    </>
  );
}
