import React, { useState } from 'react';

import type { BatchInfo } from '../api';
import { usePanel } from '../components/context';
import type { BatchesModel } from './model';
import { describePrompts, describeState } from './words';

/** How many batches are listed at first. */
const FEW = 8;

/** The user's batches, of which a click shows one. */
export function BatchList({
  model
}: {
  model: BatchesModel;
}): JSX.Element | null {
  const { trans } = usePanel();
  const [isWhole, setWhole] = useState(false);
  const { batches, shown, isLoaded } = model;
  if (batches.length === 0) {
    return isLoaded ? (
      <p className="lit-hint">{trans.__('There are no batches yet.')}</p>
    ) : null;
  }
  return (
    <>
      <ul className="lit-batch-list">
        {(isWhole ? batches : batches.slice(0, FEW)).map(batch => (
          <Entry
            key={batch.id}
            batch={batch}
            isShown={batch.id === shown?.id}
            onShow={() => model.show(batch.id)}
          />
        ))}
      </ul>
      {!isWhole && batches.length > FEW && (
        <button
          type="button"
          className="lit-link"
          onClick={() => setWhole(true)}
        >
          {trans.__('Show all %1', batches.length.toLocaleString())}
        </button>
      )}
    </>
  );
}

function Entry(props: {
  batch: BatchInfo;
  isShown: boolean;
  onShow: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { batch, isShown, onShow } = props;
  const when = new Date(batch.created * 1000);
  return (
    <li>
      <button
        type="button"
        className="lit-batch-entry"
        aria-current={isShown ? 'true' : undefined}
        title={when.toLocaleString()}
        onClick={onShow}
      >
        <span className="lit-batch-entry-name">
          <bdi>{batch.name}</bdi> · <bdi>{batch.model}</bdi>
        </span>
        <span className="lit-batch-entry-prompts">
          <bdi>{describePrompts(batch, trans)}</bdi>
        </span>
        <span className="lit-batch-entry-state" data-state={batch.state}>
          {[
            describeState(batch.state, trans),
            trans.__(
              '%1 of %2',
              batch.done.toLocaleString(),
              batch.total.toLocaleString()
            ),
            batch.failed > 0 &&
              trans.__('%1 failed', batch.failed.toLocaleString()),
            when.toLocaleDateString(undefined, {
              day: 'numeric',
              month: 'short'
            }) +
              ' ' +
              when.toLocaleTimeString(undefined, {
                hour: '2-digit',
                minute: '2-digit'
              })
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </button>
    </li>
  );
}
