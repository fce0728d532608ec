import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import type { LitAppModel } from './model';

/** What LIT's tab shows while it waits, or why LIT isn't there; else nothing. */
export function LitAppView(props: {
  model: LitAppModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  useRedraw(model);
  if (model.problem) {
    return (
      <Problem
        problem={model.problem}
        remedies={{
          retry: () => void model.open(),
          restart: () => void model.restart()
        }}
      />
    );
  }
  if (model.phase === 'starting') {
    return (
      <div className="lit-app-wait">
        <Live as="div">
          <Waiting message={model.message} since={model.since} />
        </Live>
        <button
          type="button"
          className="lit-button"
          onClick={() => model.stop()}
        >
          {trans.__('Stop')}
        </button>
      </div>
    );
  }
  if (model.phase === 'asleep') {
    return (
      <div className="lit-app-wait">
        <p>
          {trans.__('LIT isn’t running. Start it to see again what it showed.')}
        </p>
        <button
          type="button"
          className="lit-button lit-primary"
          onClick={() => void model.open()}
        >
          {trans.__('Start LIT')}
        </button>
      </div>
    );
  }
  return null;
}
