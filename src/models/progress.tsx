/** The progress of a model that downloads or loads, with a button that stops it. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useRef } from 'react';

import type { ModelInfo } from '../api';
import { Waiting } from '../components/notices';
import { describeProgress } from './labels';
import type { ModelsModel } from './model';

/** The progress of a download, or of loading a model. */
export function Progress(props: {
  model: ModelInfo;
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, models, trans } = props;
  const { name, detail, download, reading } = model;
  const isLoading = model.state === 'loading';
  const since = useRef(Date.now());
  const figures = describeProgress(model, trans);
  const bytes = isLoading ? reading : download;
  return (
    <div className="lit-progress">
      {isLoading && <Waiting message={detail} since={since.current} />}
      {(figures || !isLoading) && (
        <p className="lit-managed-about">
          {figures || trans.__('Listing its files…')}
        </p>
      )}
      <div className="lit-progress-row">
        <progress
          aria-label={
            isLoading
              ? trans.__('Loading %1', name)
              : trans.__('Downloading %1', name)
          }
          max={bytes?.total ?? 1}
          value={bytes?.total ? bytes.done : undefined}
        />
        <button
          type="button"
          className="lit-button"
          aria-label={
            isLoading
              ? trans.__('Stop loading %1', name)
              : trans.__('Stop downloading %1', name)
          }
          disabled={models.isChanging(name)}
          onClick={() => void models.stop(name)}
        >
          {trans.__('Stop')}
        </button>
      </div>
    </div>
  );
}
