import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import type { ModelInfo } from '../api';
import { Live } from '../components/live';
import { Problem } from '../components/notices';
import {
  describeBytes,
  describeFit,
  describeModel,
  describeState
} from './labels';
import type { ModelsModel } from './model';
import { Otherwise } from './otherwise';
import { Progress } from './progress';

/** One model: what it is, its state, and its actions. */
export function Row(props: {
  model: ModelInfo;
  models: ModelsModel;
  /** Name of the group of choices, unique in the page. */
  group: string;
  /** Whether it is the chosen model. */
  isChosen: boolean;
  /** Why the user can't choose another now, or null. */
  onChoose: (() => void) | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, models, group, isChosen, onChoose, trans } = props;
  const { name, path, state } = model;
  const about = describeModel(model, trans);
  const refused = models.problem(name);
  const id = useId();
  return (
    <li className="lit-managed" data-state={state} aria-labelledby={id}>
      <div className="lit-managed-head">
        <label className="lit-managed-choice">
          <input
            type="radio"
            name={group}
            checked={isChosen}
            disabled={onChoose === null}
            onChange={() => onChoose?.()}
          />
          <span id={id} className="lit-managed-name" title={name}>
            {name}
          </span>
        </label>
        <span className="lit-managed-state">
          <span className="lit-dot" aria-hidden />
          {describeState(state, trans)}
        </span>
      </div>
      <p className="lit-managed-path" title={path}>
        {path}
      </p>
      {about.length > 0 && (
        <p className="lit-managed-about">{about.join(' · ')}</p>
      )}
      <State {...props} />
      {refused && <Problem problem={refused} />}
      <Tools {...props} />
    </li>
  );
}

/** Progress, or what went wrong. */
function State(props: {
  model: ModelInfo;
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, trans } = props;
  const { download } = model;
  switch (model.state) {
    case 'downloading':
    case 'loading':
      // Each is a separate wait.
      return <Progress key={model.state} {...props} />;
    case 'failed':
      return (
        <Problem
          problem={{
            message: model.detail,
            hint: model.hint,
            remedies: model.error.startsWith('model') ? ['log'] : []
          }}
        />
      );
    case 'absent':
      return download && hasBegun(model) ? (
        <Live className="lit-hint">
          {download.total === null
            ? trans.__(
                'Stopped at %1; the downloaded part stays.',
                describeBytes(download.done)
              )
            : trans.__(
                'Stopped at %1 of %2; the downloaded part stays.',
                describeBytes(download.done),
                describeBytes(download.total)
              )}
        </Live>
      ) : null;
    default:
      return model.detail ? (
        <Live className="lit-hint">{model.detail}</Live>
      ) : null;
  }
}

/** Whether a part of it is already downloaded. */
function hasBegun({ download }: ModelInfo): boolean {
  return download !== null && download.done > 0;
}

function Tools(props: {
  model: ModelInfo;
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { model, models, trans } = props;
  const { name, state, terms, fits } = model;
  const [otherwise, setOtherwise] = useState(false);
  const isChanging = models.isChanging(name);
  if (state === 'loading' || state === 'downloading') {
    return null;
  }
  const button = (
    label: string,
    what: string,
    onClick: () => void,
    isPrimary = false
  ) => (
    <button
      key={label}
      type="button"
      className={isPrimary ? 'lit-button lit-primary' : 'lit-button'}
      aria-label={what}
      disabled={isChanging}
      onClick={onClick}
    >
      {label}
    </button>
  );
  const isHere = terms === null;
  return (
    <>
      {!isHere && (
        <p className="lit-hint">
          {trans.__('By downloading it, you agree to')}{' '}
          <a href={terms.url} target="_blank" rel="noopener noreferrer">
            {terms.name}
          </a>
          .
        </p>
      )}
      {otherwise && (
        <Otherwise
          model={model}
          trans={trans}
          onLoad={(precision, limit) => {
            setOtherwise(false);
            void models.load(name, precision, limit);
          }}
          onCancel={() => setOtherwise(false)}
        />
      )}
      {!otherwise && (
        <div className="lit-managed-tools">
          {!isHere &&
            button(
              hasBegun(model) ? trans.__('Continue') : trans.__('Download'),
              trans.__('Download %1', name),
              () => void models.download(name),
              true
            )}
          {fits.map(fit =>
            button(
              describeFit(fit, trans),
              `${describeFit(fit, trans)}: ${name}`,
              () => void models.load(name, fit.precision, fit.max_length)
            )
          )}
          {isHere &&
            state !== 'ready' &&
            fits.length === 0 &&
            button(
              state === 'failed' ? trans.__('Try again') : trans.__('Load'),
              trans.__('Load %1', name),
              () => void models.load(name)
            )}
          {state === 'ready' &&
            button(
              trans.__('Unload'),
              trans.__('Unload %1', name),
              () => void models.unload(name)
            )}
          {isHere &&
            button(
              trans.__('Load with other settings…'),
              trans.__('Load with other settings… (%1)', name),
              () => setOtherwise(true)
            )}
          {model.added &&
            button(
              trans.__('Remove'),
              trans.__('Remove %1 from the list', name),
              () => void models.remove(name)
            )}
        </div>
      )}
    </>
  );
}
