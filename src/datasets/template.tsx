import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef, useState } from 'react';

import type { DatasetFullRow, DatasetState } from '../api';
import { InlineForm } from '../components/form';
import { filled, valuesOf } from './fields';
import type { OpenedDataset } from './opened';

/** Most columns that are offered as chips. */
const MAX_CHIPS = 40;

/** Most characters of the preview. */
const MAX_PREVIEW = 600;

/** A template over columns, which makes each prompt; with the first row's as it would be. */
export function Template(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, trans } = props;
  const { chosen, columns } = state;
  const current = chosen.template ?? '';
  const [text, setText] = useState(current);
  const [row, setRow] = useState<DatasetFullRow | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => setText(current), [current]);
  // Only for a template: the whole row isn't needed otherwise.
  const first = text === '' ? undefined : dataset.list.row(0)?.id;
  useEffect(() => {
    let isWanted = true;
    if (first !== undefined) {
      void dataset.read(first).then(full => {
        if (isWanted) {
          setRow(full);
        }
      });
    }
    return () => {
      isWanted = false;
    };
  }, [dataset, first, state.revision]);
  const preview = row && filled(text, columns, valuesOf(row, state));
  const apply = (template: string) =>
    void dataset.reread({
      columns: template
        ? { ...chosen, prompt: null, template }
        : { ...chosen, prompt: chosen.prompt ?? columns[0], template: null }
    });
  const insert = (column: string) => {
    const { selectionStart, selectionEnd } = field.current!;
    setText(
      `${text.slice(0, selectionStart)}{${column}}${text.slice(selectionEnd)}`
    );
    field.current!.focus();
  };
  return (
    <InlineForm
      className="lit-template"
      label={trans.__('Template')}
      onSubmit={() => apply(text)}
      onCancel={() => setText(current)}
    >
      <label>
        <span>{trans.__('Template')}</span>
        <textarea
          ref={field}
          className="lit-field"
          dir="auto"
          rows={3}
          maxLength={20_000}
          value={text}
          spellCheck={false}
          disabled={state.edited}
          placeholder={trans.__('Makes a prompt from several columns')}
          onChange={event => setText(event.target.value)}
        />
      </label>
      <div
        className="lit-template-columns"
        role="group"
        aria-label={trans.__('Insert a column')}
      >
        {columns.slice(0, MAX_CHIPS).map(column => (
          <button
            key={column}
            type="button"
            className="lit-chip"
            disabled={state.edited}
            title={trans.__('Insert the column “%1”', column)}
            onClick={() => insert(column)}
          >
            {column}
          </button>
        ))}
      </div>
      {text !== '' && row && (
        <div className="lit-template-preview" aria-live="polite">
          <span>{trans.__('First row')}</span>
          {preview === null ? (
            <p className="lit-hint">
              {trans.__('The template names no column that has a value here.')}
            </p>
          ) : (
            <pre dir="auto">
              {preview.slice(0, MAX_PREVIEW)}
              {preview.length > MAX_PREVIEW && '…'}
            </pre>
          )}
        </div>
      )}
      {(text !== current || current !== '') && (
        <div className="lit-detail-tools">
          <button
            type="submit"
            className="lit-button"
            disabled={state.edited || text === current || text.trim() === ''}
          >
            {trans.__('Use the template')}
          </button>
          {current !== '' && (
            <button
              type="button"
              className="lit-link"
              disabled={state.edited}
              onClick={() => apply('')}
            >
              {trans.__('Use one column')}
            </button>
          )}
        </div>
      )}
    </InlineForm>
  );
}
