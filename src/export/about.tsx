/** A run's request, model and time. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { RunRecord } from '../api';
import { describeChat } from '../session/chat';
import { describeSampling, duration } from '../session/labels';
import { describeStopped, describeStops } from '../session/stop';

/** Google's terms for its Gemma models. */
const GEMMA = {
  name: 'Gemma Terms of Use',
  url: 'https://ai.google.dev/gemma/terms'
};

/** A run's facts, and the terms of its model. */
export function About(props: {
  record: RunRecord;
  trans: TranslationBundle;
}): JSX.Element {
  const { record, trans } = props;
  const asked = new Date(record.created * 1000);
  const count = record.answer_tokens.length;
  const facts = [
    describeSampling(record.sampling, trans),
    describeStops(record.stop, trans),
    describeChat(record.chat ?? 'plain', trans, record.thinking),
    trans._n('%1 token', '%1 tokens', count, count),
    record.seconds === null ? '' : duration(record.seconds, trans),
    endOf(record, trans)
  ].filter(fact => fact !== '');
  const terms = termsOf(record, trans);
  return (
    <header className="lit-reader-about">
      {record.title && <h3 className="lit-reader-title">{record.title}</h3>}
      <p>
        <strong>{record.model}</strong>
        {' · '}
        <time dateTime={asked.toISOString()}>
          {asked.toLocaleString([], {
            dateStyle: 'medium',
            timeStyle: 'short'
          })}
        </time>
        {' · '}
        {facts.join(' · ')}
      </p>
      {record.origin && (
        <p className="lit-hint">
          {trans.__('Prompt from')}{' '}
          <bdi>
            {[
              record.origin.document.split('/').pop(),
              ...record.origin.place
            ].join(' › ')}
          </bdi>
        </p>
      )}
      {terms && (
        <p className="lit-hint">
          {terms.note}{' '}
          <a
            className="lit-link"
            href={terms.url}
            target="_blank"
            rel="noopener noreferrer"
          >
            {terms.url.replace('https://', '')}
          </a>
        </p>
      )}
    </header>
  );
}

/** How the answer ended, unless by itself. */
function endOf(record: RunRecord, trans: TranslationBundle): string {
  if (record.partial === 'broke_off') {
    return trans.__('broke off');
  }
  switch (record.reason) {
    case 'end':
      return '';
    case 'stop':
      return describeStopped(record.stopped_at, trans);
    case 'length':
      return trans.__('stopped at the token limit');
    case 'window':
      return trans.__('cut: the model’s window is full');
    case null:
      return trans.__('stopped');
    default:
      return '';
  }
}

/** The terms of a run's model; null if unknown. */
export function termsOf(
  { model, terms }: Pick<RunRecord, 'model' | 'terms'>,
  trans: TranslationBundle
): { note: string; url: string } | null {
  // A run from before the terms were stored has only its model's name.
  const known = terms ?? (/gemma/i.test(model) ? GEMMA : null);
  // A run may come from anywhere, in somebody's notebook.
  if (!known || !/^https:\/\/[^\s]+$/.test(known.url)) {
    return null;
  }
  return {
    note:
      known.url === GEMMA.url
        ? trans.__(
            'Gemma is provided under and subject to the Gemma Terms of Use:'
          )
        : trans.__('The model is provided under %1:', known.name),
    url: known.url
  };
}
