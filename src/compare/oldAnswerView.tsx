import React from 'react';

import { usePanel } from '../components/context';
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
  const { sentences } = oldAnswer;
  if (oldAnswer.isBusy) {
    return (
      <p className="lit-hint lit-old-answer" role="status">
        {trans.__('Scoring the answer of A after the prompt of B…')}
      </p>
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
