import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useState } from 'react';

import { InlineForm } from '../components/form';
import { Linked } from '../components/linked';
import { Live } from '../components/live';
import { Problem } from '../components/notices';
import type { IProblem } from '../session/problem';
import type { ModelsModel } from './model';

/** Whether there are credentials for Kaggle, and a login. */
export function Kaggle(props: {
  models: ModelsModel;
  /** Whether a model waits for it. */
  isWanted: boolean;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { models, isWanted, trans } = props;
  const [open, setOpen] = useState(false);
  const { kaggle } = models;
  useEffect(() => {
    void models.lookForKaggle();
  }, [models]);
  useEffect(() => {
    if (isWanted) {
      setOpen(true);
    }
  }, [isWanted]);
  if (!kaggle) {
    return null;
  }
  // On a server with several users, all of them share the login.
  const isOthers = kaggle.source === 'panel' && !kaggle.own;
  const source = {
    none: trans.__('Not logged in to Kaggle.'),
    panel: isOthers
      ? trans.__('Logged in to Kaggle, by another user of this server.')
      : trans.__('Logged in to Kaggle, until Jupyter ends.'),
    environment: trans.__('Logged in to Kaggle, by the environment.'),
    file:
      kaggle.fault === ''
        ? trans.__('Logged in to Kaggle, by a file in %1.', kaggle.folder)
        : trans.__('Not logged in to Kaggle.')
  }[kaggle.source];
  return (
    <div className="lit-managed-kaggle">
      <p>
        {source}{' '}
        {!open && !isOthers && (
          <button
            type="button"
            className="lit-link"
            onClick={() => setOpen(true)}
          >
            {kaggle.source === 'none'
              ? trans.__('Log in…')
              : trans.__('Log in another way…')}
          </button>
        )}
        {!open && !isOthers && kaggle.source === 'panel' && (
          <>
            {' '}
            <button
              type="button"
              className="lit-link"
              onClick={() => void models.logOut()}
            >
              {trans.__('Log out')}
            </button>
          </>
        )}
      </p>
      {kaggle.shared && kaggle.source === 'panel' && (
        <p className="lit-hint">
          {isOthers
            ? trans.__(
                'There is one login for all users of this server. Only the user who logged in can log out.'
              )
            : trans.__(
                'Other users of this server download with it, too; none of them sees it.'
              )}
        </p>
      )}
      {kaggle.fault !== '' && (
        <Live className="lit-problem-hint">
          {kaggle.fault}{' '}
          {trans.__('Correct that file or delete it, or log in here.')}
        </Live>
      )}
      {open && !isOthers && (
        <Form
          models={models}
          folder={kaggle.folder}
          isShared={kaggle.shared ?? false}
          trans={trans}
          onDone={() => setOpen(false)}
        />
      )}
    </div>
  );
}

function Form(props: {
  models: ModelsModel;
  folder: string;
  /** Whether other users of the server use the same login. */
  isShared: boolean;
  trans: TranslationBundle;
  onDone: () => void;
}): JSX.Element {
  const { models, folder, isShared, trans, onDone } = props;
  const [byKey, setByKey] = useState(false);
  const [token, setToken] = useState('');
  const [username, setUsername] = useState('');
  const [key, setKey] = useState('');
  const [save, setSave] = useState(false);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<IProblem | null>(null);
  const isComplete = byKey
    ? username.trim() !== '' && key.trim() !== ''
    : token.trim() !== '';
  const send = async () => {
    setSending(true);
    const failed = await models.logIn(
      byKey ? { username, key } : { token },
      save
    );
    setSending(false);
    setProblem(failed);
    if (!failed) {
      onDone();
    }
  };
  const secret = (
    label: string,
    value: string,
    onChange: (value: string) => void
  ) => (
    <label>
      <span>{label}</span>
      <input
        className="lit-field"
        type="password"
        // Not a password for this page, which browsers would offer to store.
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={event => onChange(event.target.value)}
      />
    </label>
  );
  return (
    <InlineForm
      className="lit-managed-form"
      label={trans.__('Log in to Kaggle')}
      onSubmit={() => void send()}
      onCancel={onDone}
    >
      <p className="lit-hint">
        <Linked
          text={trans.__(
            'Make an API token at https://www.kaggle.com/settings. It goes to the Jupyter server, which holds it in memory and sends it only to Kaggle.'
          )}
        />
      </p>
      {isShared && (
        <p className="lit-hint">
          {trans.__(
            'All users of this server share one login: the others download with yours, too.'
          )}
        </p>
      )}
      {byKey ? (
        <>
          <label>
            <span>{trans.__('User name')}</span>
            <input
              className="lit-field"
              autoComplete="off"
              spellCheck={false}
              value={username}
              onChange={event => setUsername(event.target.value)}
            />
          </label>
          {secret(trans.__('Key'), key, setKey)}
        </>
      ) : (
        secret(trans.__('API token'), token, setToken)
      )}
      <button
        type="button"
        className="lit-link"
        onClick={() => setByKey(!byKey)}
      >
        {byKey
          ? trans.__('Use an API token instead')
          : trans.__('Use a user name and a key instead')}
      </button>
      <label className="lit-managed-save">
        <input
          type="checkbox"
          checked={save}
          onChange={event => setSave(event.target.checked)}
        />
        <span>
          {isShared
            ? trans.__(
                'Also save it in %1, for all users of this server',
                folder
              )
            : trans.__('Also save it in %1, which only you can read', folder)}
        </span>
      </label>
      {problem && <Problem problem={problem} />}
      <div className="lit-managed-tools">
        <button
          type="submit"
          className="lit-button lit-primary"
          disabled={isSending || !isComplete}
        >
          {trans.__('Log in')}
        </button>
        <button type="button" className="lit-button" onClick={onDone}>
          {trans.__('Cancel')}
        </button>
      </div>
    </InlineForm>
  );
}
