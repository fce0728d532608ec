import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DatasetFullRow, DatasetState } from '../api';
import type { PromptModel } from '../session/prompt';
import { columnOf, valuesOf } from './fields';
import type { OpenedDataset } from './opened';
import { DatasetSource } from './source';

/** Most fields that can be mapped by hand. */
const MAX_FIELDS = 20;

/** Whether the prompt has fields that a dataset's rows can fill. */
export function hasFields(
  prompt: PromptModel,
  dataset: OpenedDataset
): boolean {
  const { source } = prompt;
  const isOwn = source instanceof DatasetSource && source.dataset === dataset;
  return !isOwn && !prompt.isEdited && prompt.variables.length > 0;
}

/** Fill the prompt's fields from a row; a field without a column stays. */
export function fillFields(
  prompt: PromptModel,
  dataset: OpenedDataset,
  row: DatasetFullRow
): void {
  const { state } = dataset;
  if (state) {
    const values = valuesOf(row, state);
    for (const { name } of prompt.variables) {
      const column = columnOf(name, state.columns, dataset.reference.fields);
      if (column !== null) {
        prompt.setVariable(name, values[column] ?? '');
      }
    }
  }
}

/** Which column fills which field of the prompt. */
export function PromptFields(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  prompt: PromptModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { dataset, state, prompt, trans } = props;
  const { source, variables } = prompt;
  const isOwn = source instanceof DatasetSource && source.dataset === dataset;
  if (prompt.isEdited || variables.length === 0 || state.columns.length === 0) {
    return null;
  }
  return (
    <details className="lit-columns">
      <summary>
        {trans.__('Fields of the prompt')}
        <span className="lit-columns-about">
          {variables
            .map(({ name }) => {
              const column = columnOf(
                name,
                state.columns,
                dataset.reference.fields
              );
              return column === null ? `{${name}}` : `{${name}} ← ${column}`;
            })
            .slice(0, MAX_FIELDS)
            .join(', ')}
        </span>
      </summary>
      <div className="lit-columns-choice">
        {variables.slice(0, MAX_FIELDS).map(({ name }) => (
          <label key={name}>
            <span>{`{${name}}`}</span>
            <select
              className="lit-field"
              value={
                columnOf(name, state.columns, dataset.reference.fields) ?? ''
              }
              onChange={event => dataset.mapField(name, event.target.value)}
            >
              <option value="">{trans.__('none')}</option>
              {state.columns.map(column => (
                <option key={column} value={column}>
                  {column}
                </option>
              ))}
            </select>
          </label>
        ))}
      </div>
      <p className="lit-hint">
        {isOwn
          ? trans.__('Run the row again to use them.')
          : trans.__(
              'Open a row with the arrow at its end, and choose “Fill the prompt’s fields”.'
            )}
      </p>
    </details>
  );
}
