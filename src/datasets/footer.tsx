import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import type { DatasetState } from '../api';
import type { PromptModel } from '../session/prompt';
import type { OpenedDataset } from './opened';
import { Save } from './save';
import { Live } from '../components/live';

/** Actions on a dataset as a whole: adding the prompt as a row; saving. */
export function Footer(props: {
  dataset: OpenedDataset;
  state: DatasetState;
  prompt: PromptModel;
  /** The row that the prompt came from, or null. */
  shown: number | null;
  folder: string;
  trans: TranslationBundle;
}): JSX.Element {
  const { dataset, state, prompt, shown, trans } = props;
  const [saving, setSaving] = useState(false);
  const [saved, setSaved] = useState<string | null>(null);
  const { deleted } = dataset.edits;
  const hasPrompt = prompt.value.trim() !== '';
  return (
    <div className="lit-datasets-footer">
      {deleted && (
        <Live className="lit-hint">
          {trans.__('Row %1 was deleted.', deleted.id)}{' '}
          <button
            type="button"
            className="lit-link"
            onClick={() => void dataset.edits.restore()}
          >
            {trans.__('Undo')}
          </button>
        </Live>
      )}
      {saving ? (
        <Save
          dataset={dataset}
          folder={props.folder}
          trans={trans}
          onDone={path => {
            setSaving(false);
            setSaved(path);
          }}
        />
      ) : (
        <div className="lit-detail-tools">
          {hasPrompt && (shown === null || prompt.isEdited) && (
            <button
              type="button"
              className="lit-link"
              title={trans.__('Add the prompt of the analysis as a new row')}
              onClick={() => {
                setSaved(null);
                void dataset.edits.add(prompt.value);
              }}
            >
              {trans.__('Add the prompt')}
            </button>
          )}
          {shown !== null && prompt.isEdited && hasPrompt && (
            <button
              type="button"
              className="lit-link"
              title={trans.__(
                'Replace the row’s prompt with that of the analysis'
              )}
              onClick={() => {
                setSaved(null);
                // The row now contains the edit.
                void dataset.edits
                  .change(shown, prompt.value)
                  .then(() => prompt.edit(prompt.value));
              }}
            >
              {trans.__('Change row %1', shown)}
            </button>
          )}
          <button
            type="button"
            className="lit-link"
            onClick={() => setSaving(true)}
          >
            {trans.__('Save as .jsonl…')}
          </button>
          <Live as="span" className="lit-detail-facts">
            {state.edited
              ? trans.__('not saved')
              : saved !== null
                ? trans.__('saved')
                : ''}
          </Live>
        </div>
      )}
    </div>
  );
}
