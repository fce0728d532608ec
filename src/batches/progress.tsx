import React, { useEffect, useRef, useState } from 'react';

import type { BatchInfo } from '../api';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem } from '../components/notices';
import { describe } from '../session/problem';
import { isUnderWay } from './active';
import { FocusedButton } from './focusedbutton';
import type { BatchesModel } from './model';
import { Save } from './save';
import { describeState, describeTime, rate } from './words';

/** How far a batch is, and what a user can do with it. */
export function Progress(props: {
  model: BatchesModel;
  batch: BatchInfo;
  /** Whether the server lets this user run anything. */
  mayRun: boolean;
  onRestart: () => void;
  /** The batch's heading. */
  title: React.RefObject<HTMLElement>;
  /** It was deleted. */
  onDeleted: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, batch, mayRun, onDeleted } = props;
  const { state, done, total, failed, error } = batch;
  const isGoing = isUnderWay(batch);
  const canGoOn = !isGoing && (done < total || failed > 0);
  const { pace } = model;
  const isBusy = model.isDoing('change');
  return (
    <div className="lit-batch-progress lit-progress">
      <div className="lit-progress-row">
        <progress
          aria-label={trans.__('Rows that are computed')}
          max={Math.max(1, total)}
          value={done}
        />
        <span className="lit-batch-figures">
          {[
            trans.__(
              '%1 of %2 rows',
              done.toLocaleString(),
              total.toLocaleString()
            ),
            failed > 0 && trans.__('%1 failed', failed.toLocaleString()),
            pace && trans.__('%1 per row', describeTime(pace.perRow, trans)),
            pace &&
              pace.left > 0 &&
              trans.__('about %1 left', describeTime(pace.left, trans)),
            batch.expires !== null &&
              trans.__(
                'stored until %1',
                new Date(batch.expires * 1000).toLocaleDateString()
              )
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
      {/* Only its state: the figures would be read out each second. */}
      <Live as="span" className="lit-batch-state" data-state={state}>
        {state === 'waiting'
          ? trans.__('waiting for its turn')
          : describeState(state, trans)}
      </Live>
      <div className="lit-batch-tools">
        {(isGoing || canGoOn) && mayRun && (
          // One button for both, and never disabled: it keeps the focus.
          <FocusedButton
            heir={props.title}
            aria-disabled={isBusy}
            onClick={() =>
              void (isGoing ? model.stop(batch.id) : model.goOn(batch.id))
            }
          >
            {isGoing
              ? trans.__('Stop')
              : done < total
                ? trans.__('Go on')
                : trans.__('Try the failed rows again')}
          </FocusedButton>
        )}
        <Save model={model} batch={batch} />
        <Delete model={model} batch={batch} onDeleted={onDeleted} />
      </div>
      {model.isLost && (
        <Live className="lit-hint">
          {trans.__(
            'The Jupyter server doesn’t answer. The rows go on there if it still runs; this page keeps asking.'
          )}
        </Live>
      )}
      {state === 'failed' && error && (
        <Problem
          problem={describe(error)}
          remedies={{
            retry: mayRun ? () => void model.goOn(batch.id) : undefined,
            restart: props.onRestart
          }}
        />
      )}
      {model.problem && (
        <Problem
          problem={model.problem}
          remedies={{
            retry: model.isUnlisted ? () => void model.load() : undefined
          }}
          onDismiss={() => model.dismiss()}
        />
      )}
    </div>
  );
}

/** A button that asks once more. */
function Delete(props: {
  model: BatchesModel;
  batch: BatchInfo;
  onDeleted: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, batch, onDeleted } = props;
  const [isDoomed, setDoomed] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const wasDoomed = useRef(false);
  useEffect(() => {
    if (wasDoomed.current && !isDoomed) {
      opener.current?.focus();
    }
    wasDoomed.current = isDoomed;
  }, [isDoomed]);
  const isBusy = model.isDoing('change');
  const doom = async () => {
    if (isBusy) {
      return;
    }
    setDoomed(false);
    if (await model.delete(batch.id)) {
      onDeleted();
    }
  };
  return isDoomed ? (
    <span
      role="group"
      aria-label={trans.__('Delete this batch?')}
      className="lit-batch-tools"
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          setDoomed(false);
        }
      }}
    >
      <button
        type="button"
        className="lit-button lit-kept-doomed"
        aria-disabled={isBusy}
        onClick={() => void doom()}
      >
        {trans.__('Delete all its answers')}
      </button>
      <button
        type="button"
        className="lit-button"
        autoFocus
        onClick={() => setDoomed(false)}
      >
        {trans.__('Keep')}
      </button>
    </span>
  ) : (
    <button
      ref={opener}
      type="button"
      className="lit-button"
      aria-disabled={isBusy}
      onClick={() => setDoomed(!isBusy)}
    >
      {trans.__('Delete…')}
    </button>
  );
}

/** The pass rate of each check. */
export function Checks(props: {
  batch: BatchInfo;
  /** A batch to compare with, or null. */
  other: BatchInfo | null;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { batch, other } = props;
  if (batch.checks.length === 0) {
    return null;
  }
  return (
    <table className="lit-batch-checks">
      <caption className="lit-visually-hidden">{trans.__('Checks')}</caption>
      <thead>
        <tr>
          <th scope="col">{trans.__('Check')}</th>
          <th scope="col">{trans.__('Passed')}</th>
          {other && <th scope="col">{trans.__('Passed, other')}</th>}
        </tr>
      </thead>
      <tbody>
        {batch.checks.map((check, i) => (
          <tr key={i}>
            <th scope="row">
              <span className="lit-batch-number">{i + 1}</span>
              <bdi>{check.name}</bdi>
            </th>
            {[check, ...(other ? [other.checks[i]] : [])].map((one, j) => (
              <td key={j}>
                {one && one.rows > 0
                  ? trans.__(
                      '%1 of %2 (%3)',
                      one.passed.toLocaleString(),
                      one.rows.toLocaleString(),
                      rate(one.passed, one.rows)
                    )
                  : '–'}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
