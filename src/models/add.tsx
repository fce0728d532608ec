import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useRef, useState } from 'react';

import type { KnownModel } from '../api';
import { InlineForm } from '../components/form';
import { Problem } from '../components/notices';
import type { IProblem } from '../session/problem';
import { describeKnown } from './labels';
import type { ModelsModel } from './model';
import { MAX_NAME, MAX_PATH, missing, read } from './path';

/** A preset's name is the same in all languages. */
const EXAMPLE = 'gemma2_instruct_2b_en';

/** Adds a model: one on the disk, a recommended one, or any other. */
export function Add(props: {
  models: ModelsModel;
  trans: TranslationBundle;
}): JSX.Element {
  const { models, trans } = props;
  const [open, setOpen] = useState(false);
  if (models.service.service?.shared) {
    return (
      <p className="lit-hint">
        {trans.__(
          'Many users share this model service: its administrator chooses the models.'
        )}
      </p>
    );
  }
  return (
    <div className="lit-managed-add">
      {open ? (
        <Adding {...props} onDone={() => setOpen(false)} />
      ) : (
        <button
          type="button"
          className="lit-button"
          onClick={() => setOpen(true)}
        >
          {trans.__('Add a model…')}
        </button>
      )}
    </div>
  );
}

/** The recommended models, and a form for any other. */
function Adding(props: {
  models: ModelsModel;
  trans: TranslationBundle;
  onDone: () => void;
}): JSX.Element {
  const { models, trans, onDone } = props;
  const { known } = models.service;
  const whole = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Nothing is returned: browsers will return a promise here.
    whole.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div
      ref={whole}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          event.stopPropagation();
          onDone();
        }
      }}
    >
      {known.length > 0 && (
        <>
          <h4>{trans.__('Models to begin with')}</h4>
          <ul aria-label={trans.__('Models to begin with')}>
            {known.map(one => (
              <Known key={one.path} {...props} known={one} />
            ))}
          </ul>
          <h4>{trans.__('Another model')}</h4>
        </>
      )}
      <Form {...props} />
    </div>
  );
}

/**
 * A recommended model: one click adds it, from a site of the user's choice if
 * several have it, and another downloads it.
 */
export function Known(props: {
  known: KnownModel;
  models: ModelsModel;
  trans: TranslationBundle;
  onDone: () => void;
}): JSX.Element {
  const { known, models, trans, onDone } = props;
  const [problem, setProblem] = useState<IProblem | null>(null);
  const [isAdding, setAdding] = useState(false);
  const isAlone = known.elsewhere.length === 0;
  const add = async (path: string) => {
    setAdding(true);
    const failed = await models.add(models.free(known.name), path);
    setAdding(false);
    setProblem(failed);
    if (!failed) {
      onDone();
    }
  };
  return (
    <li className="lit-managed-known">
      <span className="lit-managed-title">{known.title}</span>
      <span className="lit-managed-sources">
        {[known, ...known.elsewhere].map(({ path, site }) => (
          <button
            key={path}
            type="button"
            className="lit-button"
            aria-label={
              isAlone
                ? trans.__('Add %1', known.title)
                : trans.__('Add from %1: %2', site, known.title)
            }
            disabled={isAdding}
            onClick={() => void add(path)}
          >
            {isAlone ? trans.__('Add') : trans.__('Add from %1', site)}
          </button>
        ))}
      </span>
      <span className="lit-managed-about">
        {describeKnown(known, trans).join(' · ')} ·{' '}
        <a href={known.terms.url} target="_blank" rel="noreferrer noopener">
          {known.terms.name}
        </a>
      </span>
      {problem && <Problem problem={problem} />}
    </li>
  );
}

function Form(props: {
  models: ModelsModel;
  trans: TranslationBundle;
  onDone: () => void;
}): JSX.Element {
  const { models, trans, onDone } = props;
  const [name, setName] = useState('');
  const [path, setPath] = useState('');
  const [isAdding, setAdding] = useState(false);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const field = useRef<HTMLInputElement>(null);
  // The user can type at once, and the list above stays in view.
  useEffect(() => {
    field.current?.focus({ preventScroll: true });
  }, []);
  const proposed = read(path);
  const add = async () => {
    const asked = { ...proposed, name: name.trim() || proposed.name };
    const lacks = missing(asked, trans);
    if (lacks) {
      setProblem(lacks);
      return;
    }
    setAdding(true);
    // The server also gets an address that names nothing yet: it says which part is
    // missing.
    const failed = await models.add(
      asked.name || asked.path.slice(0, MAX_NAME),
      asked.path
    );
    setAdding(false);
    // The problem's other remedies lead to the manager, which contains this form.
    setProblem(failed && { ...failed, remedies: [] });
    if (!failed) {
      onDone();
    }
  };
  return (
    <InlineForm
      className="lit-managed-form"
      label={trans.__('Add a model')}
      onSubmit={() => void add()}
      onCancel={onDone}
    >
      <label>
        <span>{trans.__('Preset')}</span>
        <input
          className="lit-field"
          ref={field}
          spellCheck={false}
          autoComplete="off"
          maxLength={MAX_PATH}
          value={path}
          placeholder={EXAMPLE}
          onChange={event => {
            setPath(event.target.value);
            setProblem(null);
          }}
        />
      </label>
      <p className="lit-hint">
        {trans.__(
          'The name of a Keras preset, kaggle://…, hf://…, or a folder, .gguf or .tar.gz file of the file browser.'
        )}
      </p>
      <label>
        <span>{trans.__('Name')}</span>
        <input
          className="lit-field"
          spellCheck={false}
          autoComplete="off"
          maxLength={MAX_NAME}
          value={name}
          placeholder={proposed.name}
          onChange={event => {
            setName(event.target.value);
            setProblem(null);
          }}
        />
      </label>
      {problem && <Problem problem={problem} />}
      <div className="lit-managed-tools">
        <button
          type="submit"
          className="lit-button lit-primary"
          disabled={isAdding || path.trim() === ''}
        >
          {trans.__('Add')}
        </button>
        <button type="button" className="lit-button" onClick={onDone}>
          {trans.__('Cancel')}
        </button>
      </div>
    </InlineForm>
  );
}
