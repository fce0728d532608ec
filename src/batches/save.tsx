import React from 'react';

import type { BatchInfo } from '../api';
import type { BatchFormat } from '../api/batches';
import { usePanel } from '../components/context';
import { fileName, saveFile } from '../export/files';
import type { BatchesModel } from './model';

const FORMATS: readonly [BatchFormat, string][] = [
  ['csv', 'CSV'],
  ['jsonl', 'JSON Lines'],
  ['parquet', 'Parquet']
];

/** Saves all records of a batch as a file. */
export function Save(props: {
  model: BatchesModel;
  batch: BatchInfo;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, batch } = props;
  const isBusy = model.isDoing('export');
  const save = async (format: BatchFormat) => {
    // A request as any other, so that it works with a token, and a refusal is shown.
    const content = await model.export(batch.id, format);
    if (content) {
      saveFile(fileName(`${batch.name} ${batch.model}`, format), content, '');
    }
  };
  return (
    <span
      className="lit-batch-save"
      role="group"
      aria-label={trans.__('Save as a file')}
    >
      <span>{isBusy ? trans.__('Saving…') : trans.__('Save as…')}</span>
      {FORMATS.map(([format, name]) => (
        <button
          key={format}
          type="button"
          className="lit-link"
          aria-label={trans.__('Save as %1', name)}
          aria-disabled={isBusy}
          onClick={() => void save(format)}
        >
          {name}
        </button>
      ))}
    </span>
  );
}
