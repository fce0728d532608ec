/** Buttons of the history's rows that compare runs. */
import React, { useEffect, useRef } from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { RunInfo } from '../api';
import { useRedraw } from '../components/redraw';
import { compareIcon } from './icon';
import type { CompareLauncher } from './launcher';

interface IRowProps {
  launcher: CompareLauncher;
  run: RunInfo;
  /** The run's name. */
  name: string;
  trans: TranslationBundle;
}

/** Chooses a run to compare, or compares it with the chosen one. */
export function CompareTool(props: IRowProps): JSX.Element {
  const { launcher, run, name, trans } = props;
  useRedraw(launcher);
  const { picked } = launcher;
  if (picked && picked.id !== run.id) {
    return (
      <button
        type="button"
        className="lit-button"
        aria-label={trans.__('Compare with %1', name)}
        onClick={() => launcher.pickOther(run)}
      >
        {trans.__('Compare')}
      </button>
    );
  }
  return (
    <button
      type="button"
      className="lit-icon-button lit-kept-tool"
      aria-label={trans.__('Compare %1 with…', name)}
      title={trans.__('Compare with another run…')}
      aria-pressed={picked !== null}
      onClick={() => launcher.pickRun(picked ? null : run)}
    >
      <compareIcon.react tag="span" />
    </button>
  );
}

/** Below the chosen run: what to compare it with. */
export function CompareWith(props: IRowProps): JSX.Element | null {
  const { launcher, run, name, trans } = props;
  useRedraw(launcher);
  const group = useRef<HTMLDivElement>(null);
  const isPicked = launcher.picked?.id === run.id;
  useEffect(() => {
    if (isPicked) {
      group.current?.querySelector('button')?.focus();
      group.current?.scrollIntoView({ block: 'nearest' });
    }
  }, [isPicked]);
  if (!isPicked) {
    return null;
  }
  const { current } = launcher;
  const shown =
    current?.jobId && current.jobId !== run.id
      ? { id: current.jobId, created: current.started / 1000 }
      : null;
  return (
    <div
      ref={group}
      className="lit-kept-compare"
      role="group"
      aria-label={trans.__('Compare %1 with', name)}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          launcher.pickRun(null);
        }
      }}
    >
      <span className="lit-hint">
        {shown
          ? trans.__('Compare with another run of this list, or with')
          : trans.__('Compare with another run of this list')}
      </span>
      {shown && (
        <button
          type="button"
          className="lit-button"
          onClick={() => launcher.pickOther(shown)}
        >
          {trans.__('the shown run')}
        </button>
      )}
      <button
        type="button"
        className="lit-link"
        onClick={() => launcher.pickRun(null)}
      >
        {trans.__('Cancel')}
      </button>
    </div>
  );
}
