import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DatasetState, TextEncoding } from '../api';
import type { OpenedDataset } from './opened';
import type { Split } from './reference';
import { Template } from './template';

/** Which columns of a file become prompts, and which rows can't be used. */
export function Reading(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, trans } = props;
  return (
    <>
      {state.remark !== '' && (
        <p className="lit-hint lit-inset">{state.remark}</p>
      )}
      {asksEncoding(state, dataset) && <Encodings {...props} />}
      {state.split !== null ? (
        <Splits {...props} split={state.split} />
      ) : (
        state.path !== '' && state.columns.length > 0 && <Columns {...props} />
      )}
      {state.bad > 0 && <BadRows state={state} trans={trans} />}
    </>
  );
}

const ENCODINGS: Readonly<Record<string, string>> = {
  'utf-8': 'UTF-8',
  'utf-8-sig': 'UTF-8',
  cp1252: 'Windows-1252',
  'utf-16': 'UTF-16',
  'utf-16-le': 'UTF-16',
  'utf-16-be': 'UTF-16 (big-endian)',
  'utf-32': 'UTF-32'
};

/** Encodings to choose from, with the scripts that they are of. */
function choices(trans: TranslationBundle): [TextEncoding, string][] {
  return [
    ['utf-8', 'UTF-8'],
    ['utf-16-le', 'UTF-16'],
    ['utf-16-be', 'UTF-16 (big-endian)'],
    ['cp1252', trans.__('Western (Windows-1252)')],
    ['cp1250', trans.__('Central European (Windows-1250)')],
    ['cp1251', trans.__('Cyrillic (Windows-1251)')],
    ['gb18030', trans.__('Chinese (GBK, GB 18030)')],
    ['big5', trans.__('Chinese (Big5)')],
    ['cp932', trans.__('Japanese (Shift-JIS)')],
    ['euc_jp', trans.__('Japanese (EUC-JP)')],
    ['cp949', trans.__('Korean (EUC-KR)')]
  ];
}

/** Whether the encoding may be another one: it isn't UTF-8, or was chosen by hand. */
function asksEncoding(state: DatasetState, dataset: OpenedDataset): boolean {
  return (
    state.encoding !== '' &&
    (!state.encoding.startsWith('utf-8') ||
      dataset.reference.encoding !== undefined ||
      state.bad > 0)
  );
}

/** The encoding that a text file is read in. */
function Encodings(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, trans } = props;
  const chosen = dataset.reference.encoding ?? '';
  return (
    <div className="lit-columns lit-columns-choice">
      <label>
        <span>{trans.__('Read as')}</span>
        <select
          className="lit-field"
          aria-label={trans.__('Encoding of the file')}
          value={chosen}
          disabled={state.edited}
          onChange={event =>
            void dataset.reread({
              encoding: (event.target.value || undefined) as
                TextEncoding | undefined
            })
          }
        >
          <option value="">
            {chosen === ''
              ? trans.__(
                  '%1 (guessed)',
                  ENCODINGS[state.encoding] ?? state.encoding
                )
              : trans.__('guessed')}
          </option>
          {choices(trans).map(([encoding, label]) => (
            <option key={encoding} value={encoding}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** Which column is which; open from the start where that was guessed. */
function Columns(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, trans } = props;
  const { chosen, columns } = state;
  const isTemplate = Boolean(chosen.template);
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
            ? isTemplate
              ? trans.__('prompts are made from several columns')
              : trans.__('prompts are taken from “%1”', chosen.prompt ?? '')
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
                  columns: {
                    ...chosen,
                    [role]: event.target.value || null,
                    ...(role === 'prompt' && { template: null })
                  }
                })
              }
            >
              {role !== 'prompt' ? (
                <option value="">{trans.__('none')}</option>
              ) : (
                isTemplate && (
                  <option value="">{trans.__('the template')}</option>
                )
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
      {state.header !== null && (
        <label className="lit-columns-header">
          <input
            type="checkbox"
            checked={!state.header}
            disabled={isFixed}
            onChange={event =>
              // The columns have other names then.
              void dataset.reread({
                header: !event.target.checked,
                columns: undefined
              })
            }
          />
          {trans.__('The first line is a row')}
        </label>
      )}
      <Template {...props} />
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
