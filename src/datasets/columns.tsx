import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DatasetState } from '../api';
import type { OpenedDataset } from './opened';
import type { Split } from './reference';

/** Which columns of a file become prompts, and which rows can't be used. */
export function Reading(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { state, trans } = props;
  const remarks = [
    state.remark,
    state.encoding && !state.encoding.startsWith('utf-8')
      ? trans.__('Read as %1.', ENCODINGS[state.encoding] ?? state.encoding)
      : ''
  ].filter(Boolean);
  return (
    <>
      {remarks.length > 0 && (
        <p className="lit-hint lit-inset">{remarks.join(' ')}</p>
      )}
      {state.split !== null ? (
        <Splits {...props} split={state.split} />
      ) : (
        state.path !== '' && state.columns.length > 0 && <Columns {...props} />
      )}
      {state.bad > 0 && <BadRows state={state} trans={trans} />}
    </>
  );
}

const ENCODINGS: Record<string, string> = {
  cp1252: 'Windows-1252',
  'utf-16': 'UTF-16',
  'utf-16-le': 'UTF-16',
  'utf-16-be': 'UTF-16',
  'utf-32': 'UTF-32'
};

/** Which column is which; open from the start if the server guessed. */
function Columns(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, trans } = props;
  const { chosen, columns } = state;
  const isGuess =
    chosen.prompt !== 'prompt' && dataset.reference.columns === undefined;
  // Another choice reads the file again, which would lose changes.
  const isFixed = state.edited;
  const roles = [
    ['prompt', trans.__('Prompt')],
    ['target', trans.__('Target')],
    ['source', trans.__('Source')]
  ] as const;
  return (
    <details className="lit-columns" open={isGuess}>
      <summary>
        {trans.__('Columns')}
        <span className="lit-columns-about">
          {isGuess
            ? trans.__('prompts are taken from “%1”', chosen.prompt ?? '')
            : columns.join(', ')}
        </span>
      </summary>
      <div className="lit-columns-choice">
        {roles.map(([role, label]) => (
          <label key={role}>
            <span>{label}</span>
            <select
              className="lit-field"
              value={chosen[role] ?? ''}
              disabled={isFixed}
              onChange={event =>
                void dataset.reread({
                  columns: { ...chosen, [role]: event.target.value || null }
                })
              }
            >
              {role !== 'prompt' && (
                <option value="">{trans.__('none')}</option>
              )}
              {columns.map(column => (
                <option key={column} value={column}>
                  {column}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      {isFixed && (
        <p className="lit-hint">
          {trans.__('Save your changes before you choose other columns.')}
        </p>
      )}
    </details>
  );
}

function Splits(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  split: Split;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, split, trans } = props;
  return (
    <div className="lit-columns lit-columns-choice">
      <label>
        <span>{trans.__('A prompt is')}</span>
        <select
          className="lit-field"
          value={split}
          disabled={state.edited}
          onChange={event =>
            void dataset.reread({ split: event.target.value as Split })
          }
        >
          <option value="lines">{trans.__('each line')}</option>
          <option value="paragraphs">
            {trans.__('each paragraph, up to a blank line')}
          </option>
          <option value="whole">{trans.__('the whole file')}</option>
        </select>
      </label>
    </div>
  );
}

function BadRows(props: {
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { state, trans } = props;
  const more = state.bad - state.bad_rows.length;
  return (
    <details className="lit-columns lit-bad">
      <summary>
        {trans._n('%1 row can’t be used', '%1 rows can’t be used', state.bad)}
      </summary>
      <ul tabIndex={0} aria-label={trans.__('Rows that can’t be used')}>
        {state.bad_rows.map(({ line, reason }) => (
          <li key={line}>
            <span className="lit-bad-line">{trans.__('line %1', line)}</span>
            {reason}
          </li>
        ))}
      </ul>
      {more > 0 && <p className="lit-hint">{trans.__('and %1 more', more)}</p>}
    </details>
  );
}
