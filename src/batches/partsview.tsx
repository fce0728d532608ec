import React, { useEffect, useMemo, useState } from 'react';

import type { BatchInfo, BatchParts } from '../api';
import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Problem, Waiting } from '../components/notices';
import { isUnderWay } from './active';
import { FiguresTable, RankingTable } from './figures';
import { FocusedButton } from './focusedbutton';
import { Heatmap } from './heatmap';
import type { BatchesModel } from './model';
import { Ranking } from './ranking';
import { heatOf } from './scales';

/** What each part of the template does over all rows. */
export function PartsView(props: {
  model: BatchesModel;
  batch: BatchInfo;
  /** Whether the server lets this user run anything. */
  mayRun: boolean;
  /** The batch's heading. */
  title: React.RefObject<HTMLElement>;
  /** Open a row as a run. */
  onOpen: (batch: BatchInfo, row: number) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { model, batch, onOpen } = props;
  const { found, problem } = model.parts;
  const [by, setBy] = useState<'picture' | 'table'>('picture');
  const heat = useMemo(() => found && heatOf(found), [found]);
  useEffect(() => {
    model.parts.look(true);
    return () => model.parts.look(false);
  }, [model]);
  const open = (row: number) => onOpen(batch, row);
  if (problem) {
    return (
      <Problem
        problem={problem}
        remedies={{ retry: () => model.parts.refresh() }}
      />
    );
  }
  if (!found) {
    return (
      <Waiting message={trans.__('Fetching the parts')} since={Date.now()} />
    );
  }
  if (found.parts.length === 0) {
    return (
      <p className="lit-hint">
        {found.reason || trans.__('There are no parts yet.')}
      </p>
    );
  }
  return (
    <>
      <div className="lit-batch-tools">
        <Choice
          label={trans.__('How the figures are shown')}
          value={by}
          options={[
            { value: 'picture', name: trans.__('Drawn') },
            { value: 'table', name: trans.__('As a table') }
          ]}
          onChange={setBy}
        />
        <Noise {...props} parts={found} />
      </div>
      <h4>{trans.__('What the parts of the template do')}</h4>
      <p className="lit-hint">
        {found.kind === 'share'
          ? trans.__('Share: of the gradient, as a mean over rows.')
          : trans.__(
              'Effect: by how many nats for each token the answer’s log-probability falls without the part, as a mean over rows. The line is its 95% interval.'
            )}
      </p>
      {by === 'table' ? (
        <RankingTable parts={found.parts} onOpen={open} />
      ) : (
        <Ranking parts={found.parts} onOpen={open} />
      )}
      {heat && (
        <>
          <h4>{trans.__('Row by row')}</h4>
          {by === 'table' ? (
            <FiguresTable found={found} heat={heat} onOpen={open} />
          ) : (
            <Heatmap
              found={found}
              heat={heat}
              total={batch.total}
              onOpen={open}
            />
          )}
        </>
      )}
    </>
  );
}

/** Finds the parts that do nothing. */
function Noise(props: {
  model: BatchesModel;
  batch: BatchInfo;
  mayRun: boolean;
  title: React.RefObject<HTMLElement>;
  parts: BatchParts;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { model, batch, mayRun, parts } = props;
  const { noise, noise_message: message } = batch;
  if (batch.template === '' || parts.kind !== 'effect') {
    return null;
  }
  const isRunning = noise === 'running';
  const isBusy = model.isDoing('change');
  const count = parts.parts.filter(({ nothing }) => nothing).length;
  const isKnown = parts.parts.some(({ nothing }) => nothing !== null);
  return (
    <>
      {/* Only how it begins and ends: the message changes with each row. */}
      <Live as="span">
        {isRunning
          ? trans.__('Finding what does nothing')
          : noise !== 'done'
            ? ''
            : !isKnown
              ? trans.__(
                  'At least 20 rows are needed to say which parts do nothing.'
                )
              : count === 0
                ? trans.__('No part is known to do nothing.')
                : trans._n(
                    '%1 part does nothing.',
                    '%1 parts do nothing.',
                    count
                  )}
      </Live>
      {mayRun && noise !== 'done' && (
        // One button for both: it keeps the focus.
        <FocusedButton
          heir={props.title}
          disabled={!isRunning && isUnderWay(batch)}
          aria-disabled={isBusy}
          title={
            isRunning
              ? undefined
              : trans.__(
                  'Compares each part with sentences that mean nothing, inserted at its place. This takes a while.'
                )
          }
          onClick={() =>
            void (isRunning ? model.stop(batch.id) : model.findNoise(batch.id))
          }
        >
          {isRunning
            ? trans.__('Stop the search')
            : trans.__('Find what does nothing')}
        </FocusedButton>
      )}
      {message !== '' && noise !== 'done' && (
        <span className="lit-hint">{message}</span>
      )}
    </>
  );
}
