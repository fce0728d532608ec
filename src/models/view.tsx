import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect, useId } from 'react';

import { useRedraw } from '../components/redraw';
import { Section } from '../components/section';
import type { Session } from '../session/session';
import { Add } from './add';
import { OnThisMachine } from './found';
import { describeBytes } from './labels';
import { Kaggle } from './login';
import type { ModelsModel } from './model';
import { Row } from './row';

/** The model manager: a view of the panel. */
export function ModelsView(props: {
  models: ModelsModel;
  session: Session;
  trans: TranslationBundle;
  /** Whether it is in view. */
  isShown: boolean;
}): JSX.Element {
  const { models, session, trans, isShown } = props;
  useRedraw(models);
  useRedraw(session);
  const all = models.service.models;
  useEffect(() => {
    if (isShown) {
      void models.service.refresh();
    }
  }, [models, isShown]);
  const loaded = all.filter(model => model.state === 'ready').length;
  return (
    <Section
      name={trans.__('Models')}
      className="lit-models"
      count={
        all.length > 0 &&
        (loaded > 0
          ? all.length === 1
            ? trans.__('1 model, loaded')
            : trans.__('%1 models, %2 loaded', all.length, loaded)
          : all.length)
      }
    >
      <Body {...props} />
    </Section>
  );
}

function Body(props: {
  models: ModelsModel;
  session: Session;
  trans: TranslationBundle;
}): JSX.Element {
  const { models, session, trans } = props;
  const { memory, models: all } = models.service;
  const group = useId();
  const waiting = all.some(model =>
    ['preset_login', 'preset_credentials'].includes(model.error)
  );
  return (
    <>
      <ul className="lit-managed-list" aria-label={trans.__('Models')}>
        {all.map(model => (
          <Row
            key={model.name}
            model={model}
            models={models}
            group={group}
            trans={trans}
            isChosen={model.name === session.model}
            onChoose={
              session.runs.isRunning
                ? null
                : () => {
                    session.model = model.name;
                  }
            }
          />
        ))}
      </ul>
      {memory && (
        <p className="lit-managed-memory">
          {memory.free === null
            ? trans.__(
                '%1: the model service uses %2.',
                memory.device,
                describeBytes(memory.used)
              )
            : trans.__(
                '%1: the model service uses %2; %3 are free.',
                memory.device,
                describeBytes(memory.used),
                describeBytes(memory.free)
              )}
        </p>
      )}
      <OnThisMachine models={models} trans={trans} />
      <Add models={models} trans={trans} />
      <Kaggle models={models} isWanted={waiting} trans={trans} />
    </>
  );
}
