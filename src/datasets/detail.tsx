import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { DatasetRow } from '../api';
import type { PromptModel } from '../session/prompt';
import { describeRole } from '../session/chat';
import type { DatasetsModel } from './model';
import type { OpenedDataset } from './opened';
import { hasFields } from './promptfields';

/** The most characters of a text that are shown; more would make the browser slow. */
const MAX_SHOWN = 20_000;

/** All of a row, and its actions. */
export function Detail(props: {
  model: DatasetsModel;
  dataset: OpenedDataset;
  prompt: PromptModel;
  row: DatasetRow;
  trans: TranslationBundle;
  onDelete: () => void;
}): JSX.Element {
  const { model, dataset, prompt, row, trans } = props;
  const { full } = dataset.list;
  const isReading = dataset.state?.state === 'reading';
  return (
    <div className="lit-detail">
      <div
        className="lit-detail-text"
        role="group"
        aria-label={trans.__('Row %1', row.id)}
        tabIndex={0}
      >
        {full ? (
          <>
            {full.turns.length > 1 ? (
              full.turns.map(({ role, text }, i) => (
                <React.Fragment key={i}>
                  <h4>{describeRole(role, trans)}</h4>
                  <Text text={text} trans={trans} />
                </React.Fragment>
              ))
            ) : (
              <Text text={full.prompt} trans={trans} />
            )}
            {full.target && (
              <>
                <h4>{trans.__('Target')}</h4>
                <Text text={full.target} trans={trans} />
              </>
            )}
            {Object.entries(full.others).map(([name, value]) => (
              <React.Fragment key={name}>
                <h4>{name}</h4>
                <Text text={value} trans={trans} />
              </React.Fragment>
            ))}
          </>
        ) : (
          <p className="lit-hint">{trans.__('Fetching the row')}</p>
        )}
      </div>
      <div className="lit-detail-tools">
        <button
          type="button"
          className="lit-link"
          title={trans.__('Open it as the prompt without running it')}
          onClick={() => void model.analyze(row.id, false)}
        >
          {trans.__('Edit as prompt')}
        </button>
        {hasFields(prompt, dataset) && full && (
          <button
            type="button"
            className="lit-link"
            title={trans.__('Fill the fields of the prompt from this row')}
            onClick={() => model.fill(prompt, full)}
          >
            {trans.__('Fill the prompt’s fields')}
          </button>
        )}
        {model.host.canInsert() && (
          <button
            type="button"
            className="lit-link"
            title={trans.__('Insert it below the active cell')}
            onClick={() => void model.insert(row.id)}
          >
            {trans.__('Insert as cell')}
          </button>
        )}
        {!isReading && (
          <>
            <button
              type="button"
              className="lit-link"
              onClick={() => void dataset.edits.duplicate(row.id)}
            >
              {trans.__('Duplicate')}
            </button>
            <button
              type="button"
              className="lit-link"
              onClick={() => {
                props.onDelete();
                void dataset.edits.delete(row);
              }}
            >
              {trans.__('Delete')}
            </button>
          </>
        )}
        <span className="lit-detail-facts">
          {[
            row.line > 0 && trans.__('line %1', row.line.toLocaleString()),
            trans._n('%1 character', '%1 characters', row.length)
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </div>
    </div>
  );
}

function Text(props: { text: string; trans: TranslationBundle }): JSX.Element {
  const { text, trans } = props;
  return (
    <>
      <pre dir="auto">{text.slice(0, MAX_SHOWN)}</pre>
      {text.length > MAX_SHOWN && (
        <p className="lit-hint">
          {trans.__(
            'and %1 more characters; run the row to see all of it',
            (text.length - MAX_SHOWN).toLocaleString()
          )}
        </p>
      )}
    </>
  );
}
