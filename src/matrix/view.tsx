import React, { useEffect, useRef } from 'react';

import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { methodWords } from '../map/methods';
import { METHODS } from '../session/methods';
import { Filling } from './filling';
import { Grid } from './grid';
import type { MatrixModel } from './model';

/** The whole answer at once: a table of its sentences and all sentences before them. */
export function MatrixView(props: {
  model: MatrixModel;
  /** Restart the model service. */
  onRestart: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model } = props;
  useRedraw(model);
  const { table, filling } = model;
  const { shown: run } = model.session.runs;
  const { scores } = model.session.explanation;
  const { isAutomatic } = METHODS[model.method];
  const isOffered = filling !== null && filling.since === null;
  useEffect(() => {
    if (isOffered) {
      void model.appraise();
    }
  }, [model, isOffered, model.method]);
  useEffect(() => {
    if (table && !table.isComplete && scores && !scores.isBusy) {
      model.requestMissing();
    }
  });
  if (!table) {
    return (
      <p className="lit-matrix-empty">
        {run === null
          ? trans.__(
              'There is no answer yet. Run a prompt in the side panel: what led to each sentence of its answer is shown here.'
            )
          : trans.__(
              'What led to each sentence of the answer is shown here when it is complete.'
            )}
      </p>
    );
  }
  if (table.rows.length === 0 || table.columns.length === 0) {
    return (
      <p className="lit-matrix-empty">
        {trans.__('No sentence of the answer has any text before it.')}
      </p>
    );
  }
  const isEffect = table.by === 'effect';
  const aboutEffect = trans.__(
    'points by which the probability per token falls without the sentence'
  );
  const { name } = methodWords(trans)[model.method];
  return (
    <>
      <div className="lit-matrix-tools">
        <Choice
          label={trans.__('Scale of the cells')}
          value={model.scale}
          onChange={scale => {
            model.scale = scale;
          }}
          options={[
            {
              value: 'row',
              name: trans.__('Each row by itself'),
              title: trans.__('What led to each sentence of the answer')
            },
            {
              value: 'all',
              name: trans.__('Whole response'),
              title: trans.__(
                'All on one scale: sentences that the model was less sure of weigh more'
              )
            }
          ]}
        />
        {model.hasEffects && (
          <Choice
            label={trans.__('Cells show')}
            value={model.by}
            onChange={by => {
              model.by = by;
            }}
            options={[
              {
                value: 'share',
                name: trans.__('Share'),
                title: trans.__('Each sentence’s share of the map')
              },
              {
                value: 'effect',
                name: trans.__('Effect'),
                title: aboutEffect
              }
            ]}
          />
        )}
        <span className="lit-matrix-method">
          {isEffect ? aboutEffect : name}
          {table.rows.some(row => row.unlooked) &&
            trans.__(' · –: not looked into')}
        </span>
      </div>
      {scores?.problem && isAutomatic && !isEffect && (
        <Problem
          problem={scores.problem}
          remedies={{ retry: () => scores.retry(), restart: props.onRestart }}
        />
      )}
      {filling && !isEffect && (
        <Filling
          model={model}
          filling={filling}
          method={name}
          onRestart={props.onRestart}
        />
      )}
      {!table.isComplete && isAutomatic && !scores?.problem && (
        <Computing message={scores?.message ?? ''} />
      )}
      <Grid model={model} table={table} />
    </>
  );
}

/** Rows in progress. */
function Computing({ message }: { message: string }): JSX.Element {
  const { trans } = usePanel();
  const since = useRef(Date.now());
  return (
    <Waiting
      message={message || trans.__('Computing salience')}
      since={since.current}
    />
  );
}
