import React from 'react';

import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { chatNote } from '../session/chat';
import type { Session } from '../session/session';
import { Count } from './count';
import { Origin, Variables } from './origin';
import { TurnFields } from './turns';

/** The head of the prompt: its origin, its fields, and the prompt itself while the user edits it. */
export function Composer({
  session,
  isEditing,
  onEdit
}: {
  session: Session;
  /** Whether the user edits the prompt of an answer. */
  isEditing: boolean;
  onEdit: (isEditing: boolean) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { prompt } = session;
  const limit = session.service.status?.limits.max_prompt_chars;
  const hasText = session.explanation.text !== null;
  // Without an answer, no text shows the prompt.
  const isShown = isEditing || !hasText;
  return (
    <section className="lit-composer" aria-label={trans.__('Prompt')}>
      <div className="lit-zone-head">
        <h3>{trans.__('Prompt')}</h3>
        {hasText && (
          <button
            type="button"
            className="lit-link"
            aria-expanded={isShown}
            onClick={() => onEdit(!isEditing)}
          >
            {isEditing ? trans.__('Close editor') : trans.__('Edit prompt')}
          </button>
        )}
      </div>
      <Origin session={session} />
      <Variables
        prompt={prompt}
        limit={limit}
        changed={session.runs.changedFields}
      />
      {isShown && <PromptFields session={session} limit={limit} />}
      <Count session={session} isWriting={isShown || session.runs.isStale} />
      <Turns session={session} />
    </section>
  );
}

/** The editor of the prompt: for a text, or for a conversation's turns. */
function PromptFields(props: {
  session: Session;
  limit?: number;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, limit } = props;
  const { prompt } = session;
  const { turns, value } = prompt;
  if (turns) {
    return (
      <TurnFields
        prompt={prompt}
        turns={turns}
        model={session.modelInfo}
        limit={limit}
      />
    );
  }
  return (
    <>
      <AutoText
        className="lit-prompt"
        label={trans.__('Prompt')}
        value={value}
        limit={limit}
        placeholder={trans.__('Type or paste a prompt')}
        onChange={text => prompt.edit(text)}
      />
      {value !== '' && (
        <button
          type="button"
          className="lit-link lit-as-turns"
          title={trans.__(
            'Make the prompt a user’s turn, to which other turns can be added'
          )}
          onClick={() => prompt.editTurns([{ role: 'user', text: value }])}
        >
          {trans.__('As a conversation')}
        </button>
      )}
    </>
  );
}

/** A note about turns that the user wrote into the prompt. */
function Turns({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { shown: run, attempt, isStale } = session.runs;
  if (!run || attempt || isStale) {
    return null;
  }
  const { models } = session.service;
  const model = models.find(({ name }) => name === run.model) ?? null;
  const note = chatNote(run, model, trans);
  return note === '' ? null : <p className="lit-hint lit-sampled">{note}</p>;
}
