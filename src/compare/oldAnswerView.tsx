import React from 'react';

import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { chances } from '../session/labels';
import type { Comparison } from './comparison';

/** What a trial does to the old answer, sentence by sentence: evidence besides the new answer. */
export function OldAnswerView({
  comparison
}: {
  comparison: Comparison;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { oldAnswer } = comparison;
  const { sentences, problem } = oldAnswer;
  // Once the sides are swapped, A isn't the old answer any more.
  if (comparison.trial === null) {
    return null;
  }
  if (oldAnswer.isBusy) {
    return (
      <div className="lit-old-answer">
        <p className="lit-hint">
          {trans.__('The answer of A is scored after the prompt of B:')}
        </p>
        <Waiting message={oldAnswer.message} since={oldAnswer.since} />
        <button
          type="button"
          className="lit-button"
          onClick={() => oldAnswer.skip()}
        >
          {trans.__('Skip this')}
        </button>
      </div>
    );
  }
  if (problem) {
    return (
      <div className="lit-old-answer">
        <Problem problem={{ ...problem, remedies: [] }} />
      </div>
    );
  }
  if (!sentences || sentences.length === 0) {
    return null;
  }
  const name = trans.__(
    'The answer of A after the prompt of B: how likely each token is, on average, in A → in B'
  );
  return (
    <div className="lit-old-answer">
      <p className="lit-hint">{name}</p>
      <ul aria-label={name}>
        {sentences.map((sentence, index) => (
          <li key={index}>
            <bdi>{sentence.text}</bdi>
            <strong>{chances(sentence)}</strong>
          </li>
        ))}
      </ul>
    </div>
  );
}
