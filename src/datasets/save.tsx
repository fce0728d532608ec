import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { Problem } from '../panel/notices';
import type { IProblem } from '../session/problem';
import type { OpenedDataset } from './opened';

/** Saving as JSON Lines: asks where to, and before it replaces anything. */
export function Save(props: {
  dataset: OpenedDataset;
  /** Where to, unless the user says something else. */
  folder: string;
  trans: TranslationBundle;
  onDone: (path: string | null) => void;
}): JSX.Element {
  const { dataset, trans, onDone } = props;
  const [path, setPath] = useState(() => proposal(dataset, props.folder));
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<{
    problem: IProblem;
    exists: boolean;
  } | null>(null);
  const save = async (overwrite: boolean) => {
    const name = path.trim();
    const whole = /\.jsonl$/i.test(name) ? name : `${name}.jsonl`;
    setPath(whole);
    setSaving(true);
    const failed = await dataset.save(whole, overwrite);
    setSaving(false);
    setFailure(failed);
    if (!failed) {
      onDone(whole);
    }
  };
  return (
    <form
      className="lit-save"
      aria-label={trans.__('Save the dataset')}
      onSubmit={event => {
        event.preventDefault();
        void save(false);
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onDone(null);
        }
      }}
    >
      <label>
        <span>{trans.__('Save as')}</span>
        <input
          className="lit-field"
          value={path}
          spellCheck={false}
          autoFocus
          onChange={event => {
            setPath(event.target.value);
            setFailure(null);
          }}
        />
      </label>
      {failure && <Problem problem={failure.problem} />}
      <div className="lit-save-tools">
        {failure?.exists ? (
          <button
            type="button"
            className="lit-button lit-kept-doomed"
            disabled={saving}
            onClick={() => void save(true)}
          >
            {trans.__('Replace it')}
          </button>
        ) : (
          <button
            type="submit"
            className="lit-button lit-primary"
            disabled={saving || path.trim() === ''}
          >
            {trans.__('Save')}
          </button>
        )}
        <button
          type="button"
          className="lit-button"
          onClick={() => onDone(null)}
        >
          {trans.__('Cancel')}
        </button>
      </div>
    </form>
  );
}

/** Its own file, where that is JSON Lines already; else a name like its own. */
function proposal(dataset: OpenedDataset, folder: string): string {
  const { path } = dataset.reference;
  if (path !== undefined && PathExt.extname(path) === '.jsonl') {
    return path;
  }
  const name = PathExt.basename(
    dataset.name.replace(/\.(csv|tsv|txt|parquet|ndjson)$/i, '')
  );
  const at = path === undefined ? folder : PathExt.dirname(path);
  return PathExt.join(at, `${name}.jsonl`);
}
