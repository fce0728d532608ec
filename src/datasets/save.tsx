import { PathExt } from '@jupyterlab/coreutils';
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useState } from 'react';

import { InlineForm } from '../components/form';
import { Problem } from '../components/notices';
import { withoutEnd } from './files';
import type { OpenedDataset } from './opened';
import type { Consent, ISaveFailure } from './saving';

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
  const [failure, setFailure] = useState<ISaveFailure | null>(null);
  const about = fate(dataset, named(path), trans);
  const save = async (consent: Consent) => {
    const whole = named(path);
    setPath(whole);
    setSaving(true);
    const failed = await dataset.save(whole, consent);
    setSaving(false);
    setFailure(failed);
    if (!failed) {
      onDone(whole);
    }
  };
  return (
    <InlineForm
      className="lit-save"
      label={trans.__('Save the dataset')}
      onSubmit={() => void save('none')}
      onCancel={() => onDone(null)}
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
      {about && failure?.needs !== 'discard' && (
        <p className="lit-hint" role="status">
          {about}
        </p>
      )}
      {failure && <Problem problem={failure.problem} />}
      <div className="lit-save-tools">
        {failure?.needs ? (
          <button
            type="button"
            className="lit-button lit-kept-doomed"
            disabled={saving}
            onClick={() => void save(failure.needs ?? 'none')}
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
    </InlineForm>
  );
}

/** A file's path with the end that it needs. */
function named(path: string): string {
  const name = path.trim();
  return /\.jsonl$/i.test(name) ? name : `${name}.jsonl`;
}

/** What becomes of the rows that can't be used; empty where there are none. */
export function fate(
  dataset: OpenedDataset,
  path: string,
  trans: TranslationBundle
): string {
  const { bad = 0, path: own = '' } = dataset.state ?? {};
  if (bad === 0) {
    return '';
  }
  if (PathExt.normalize(path) === PathExt.normalize(own)) {
    return trans._n(
      '%1 row that can’t be used stays in the file as it is.',
      '%1 rows that can’t be used stay in the file as they are.',
      bad
    );
  }
  return trans._n(
    '%1 row that can’t be used won’t be in this file; it stays in %2.',
    '%1 rows that can’t be used won’t be in this file; they stay in %2.',
    bad,
    dataset.name
  );
}

/** Its own file, where that is JSON Lines already; else a name like its own. */
function proposal(dataset: OpenedDataset, folder: string): string {
  const { path } = dataset.reference;
  if (path !== undefined && PathExt.extname(path) === '.jsonl') {
    return path;
  }
  const name = PathExt.basename(withoutEnd(dataset.name));
  const at = path === undefined ? folder : PathExt.dirname(path);
  return PathExt.join(at, `${name}.jsonl`);
}
