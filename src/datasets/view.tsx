import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon, folderIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';

import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { Section } from '../components/section';
import type { PromptModel } from '../session/prompt';
import { Reading } from './columns';
import { PromptFields } from './promptfields';
import { Footer } from './footer';
import { Rows } from './list';
import type { DatasetsModel } from './model';
import type { OpenedDataset } from './opened';
import { DatasetSource } from './source';
import { Tools } from './tools';

/** Dataset browser: lists of prompts, of which a click or Enter takes one up. */
export function DatasetsView(props: {
  model: DatasetsModel;
  prompt: PromptModel;
  trans: TranslationBundle;
  /** Whether it is in view. */
  isShown: boolean;
}): JSX.Element {
  const { model, trans, isShown } = props;
  useRedraw(model);
  useEffect(() => {
    if (isShown) {
      void model.load();
    }
  }, [model, isShown]);

  const state = model.current?.state;
  return (
    <Section
      name={trans.__('Datasets')}
      count={
        state &&
        [
          nameOf(model.current!, trans),
          state.rows.toLocaleString(),
          state.edited && trans.__('not saved')
        ]
          .filter(Boolean)
          .join(' · ')
      }
    >
      <Body {...props} />
    </Section>
  );
}

function Body(props: {
  model: DatasetsModel;
  prompt: PromptModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const dataset = model.current;
  return (
    <>
      {(model.named.length > 0 || model.opened.length > 0) && (
        <Choice model={model} trans={trans} />
      )}
      {model.problem && (
        <Problem
          problem={model.problem}
          remedies={{ retry: () => void model.load() }}
        />
      )}
      {model.loadingSince !== null && (
        <Waiting
          message={trans.__('Looking for datasets')}
          since={model.loadingSince}
        />
      )}
      {dataset && (
        <Dataset
          key={`${dataset.reference.name}|${dataset.reference.path}`}
          {...props}
          dataset={dataset}
        />
      )}
    </>
  );
}

/** Which dataset; others from files. */
function Choice(props: {
  model: DatasetsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, trans } = props;
  const { current, named, opened } = model;
  const [doomed, setDoomed] = useState(false);
  const files = opened.filter(({ reference }) => reference.path !== undefined);
  const value = current?.reference.path
    ? `path:${current.reference.path}`
    : `name:${current?.reference.name ?? ''}`;
  const isFile = current?.reference.path !== undefined;
  return (
    <div className="lit-datasets-tools">
      <select
        className="lit-field"
        aria-label={trans.__('Dataset')}
        value={value}
        onChange={event => {
          const [kind, ...rest] = event.target.value.split(':');
          const reference = rest.join(':');
          void model.open(
            kind === 'path' ? { path: reference } : { name: reference }
          );
        }}
      >
        {named.map(info => (
          <option key={info.name} value={`name:${info.name}`}>
            {info.kind === 'samples'
              ? trans.__('LIT’s sample prompts')
              : info.name}
          </option>
        ))}
        {files.map(file => (
          <option
            key={file.reference.path}
            value={`path:${file.reference.path}`}
          >
            {file.reference.path}
          </option>
        ))}
      </select>
      {doomed && current ? (
        <button
          type="button"
          className="lit-button lit-kept-doomed"
          autoFocus
          onBlur={() => setDoomed(false)}
          onClick={() => {
            setDoomed(false);
            void model.close();
          }}
        >
          {trans.__('Discard changes')}
        </button>
      ) : (
        (isFile || current?.state?.edited) && (
          <button
            type="button"
            className="lit-icon-button lit-datasets-tool"
            aria-label={trans.__('Close the dataset')}
            title={trans.__('Close the dataset')}
            onClick={() =>
              current?.state?.edited ? setDoomed(true) : void model.close()
            }
          >
            <closeIcon.react tag="span" />
          </button>
        )
      )}
      {model.host.pickFile && (
        <button
          type="button"
          className="lit-icon-button lit-datasets-tool"
          aria-label={trans.__('Open a file of prompts…')}
          title={trans.__(
            'Open a file of prompts (.jsonl, .json, .csv, .txt, .yaml, .parquet); or drag one here'
          )}
          onClick={() => void model.pickFile()}
        >
          <folderIcon.react tag="span" />
        </button>
      )}
    </div>
  );
}

function Dataset(props: {
  model: DatasetsModel;
  dataset: OpenedDataset;
  prompt: PromptModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, dataset, prompt, trans } = props;
  useRedraw(prompt);
  const { state, problem } = dataset;
  const { source } = prompt;
  const shown =
    source instanceof DatasetSource &&
    source.dataset === dataset &&
    source.text !== null
      ? source.row.id
      : null;
  return (
    <>
      {!state && !problem && (
        <Waiting
          message={trans.__('Opening %1', nameOf(dataset, trans))}
          since={dataset.since}
        />
      )}
      {problem && (
        <Problem
          problem={problem}
          remedies={{ retry: () => void dataset.retry() }}
          onDismiss={state ? () => dataset.dismiss() : undefined}
        />
      )}
      {state?.state === 'reading' && (
        <Waiting
          message={
            state.size > 0
              ? trans.__(
                  'Reading: %1 % · %2 prompts so far',
                  Math.floor((100 * state.done) / state.size),
                  state.rows.toLocaleString()
                )
              : trans.__('Waiting for the model service to load the dataset')
          }
          since={dataset.since}
        />
      )}
      {state && <Reading dataset={dataset} state={state} trans={trans} />}
      {state && (
        <PromptFields
          dataset={dataset}
          state={state}
          prompt={prompt}
          trans={trans}
        />
      )}
      {state && state.rows > 0 && (
        <>
          <Tools
            dataset={dataset}
            state={state}
            trans={trans}
            onRunRows={model.host.runRows}
          />
          {dataset.list.total > 0 && (
            <Rows
              model={model}
              dataset={dataset}
              prompt={prompt}
              shown={shown}
              trans={trans}
            />
          )}
        </>
      )}
      {state?.rows === 0 && state.state === 'ready' && (
        <Live className="lit-hint lit-inset">
          {trans.__('The dataset has no prompts.')}
        </Live>
      )}
      {state?.state === 'ready' && (
        <Footer
          dataset={dataset}
          state={state}
          prompt={prompt}
          shown={shown}
          folder={model.host.folder()}
          trans={trans}
        />
      )}
    </>
  );
}

/** What a dataset is called for people. */
function nameOf(dataset: OpenedDataset, trans: TranslationBundle): string {
  return dataset.reference.name === 'sample_prompts'
    ? trans.__('LIT’s sample prompts')
    : dataset.name;
}
