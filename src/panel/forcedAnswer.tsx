import React, { useId } from 'react';

import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { Disclosure } from '../components/disclosure';
import { beginsTurn } from '../session/chat';
import { runTogether } from '../session/forcedAnswer';
import type { Session } from '../session/session';

/** Maximum number of characters of a dataset’s target in its button’s tooltip. */
const PREVIEW = 500;

/** "What would make the model say this?": a form for a forced answer. */
export function ForcedAnswer({
  session
}: {
  session: Session;
}): JSX.Element | null {
  const { trans } = usePanel();
  const id = useId();
  const { forcedAnswer, prompt } = session;
  if (prompt.value === '') {
    return null;
  }
  const expected = prompt.source?.target ?? null;
  const isTurn = beginsTurn(
    session.settings.chat,
    session.modelInfo,
    session.runs.shown,
    prompt
  );
  const explain = (text: string) => {
    void session.runs.score(forcedAnswer.behind(prompt.value, text, isTurn));
  };
  return (
    <section
      className="lit-forced-answer"
      aria-label={trans.__('Explain a text other than the answer')}
    >
      <div className="lit-forced-answer-row">
        <Disclosure
          className="lit-link lit-forced-answer-toggle"
          isOpen={forcedAnswer.isOpen}
          onToggle={() => {
            forcedAnswer.isOpen = !forcedAnswer.isOpen;
          }}
        >
          {trans.__('What would make it say …?')}
        </Disclosure>
        {expected !== null && expected.trim() !== '' && (
          <button
            type="button"
            className="lit-link"
            title={expected.slice(0, PREVIEW)}
            disabled={session.runs.isRunning}
            onClick={() => explain(expected)}
          >
            {trans.__('Explain the dataset’s target')}
          </button>
        )}
      </div>
      {forcedAnswer.isOpen && (
        <form
          className="lit-forced-answer-form"
          onSubmit={event => {
            event.preventDefault();
            explain(forcedAnswer.text);
          }}
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              event.stopPropagation(); // otherwise the panel runs the prompt
              explain(forcedAnswer.text);
            } else if (event.key === 'Escape') {
              event.stopPropagation(); // otherwise the panel clears the target
            }
          }}
        >
          <AutoText
            className="lit-forced-answer-text"
            label={trans.__('Text to explain')}
            placeholder={trans.__('Text the model might have written')}
            value={forcedAnswer.text}
            limit={session.service.status?.limits.max_prompt_chars}
            onChange={text => {
              forcedAnswer.text = text;
            }}
          />
          <div className="lit-forced-answer-row">
            <button
              type="submit"
              className="lit-button"
              title={trans.__('Explain this text (Ctrl+Enter)')}
              disabled={forcedAnswer.text === '' || session.runs.isRunning}
            >
              {trans.__('Explain this text')}
            </button>
            {!isTurn && runTogether(prompt.value, forcedAnswer.text) && (
              <label
                htmlFor={id}
                title={trans.__(
                  'The prompt ends without a space. The words of the model’s answers begin with a space. Without it, the text would be far less likely.'
                )}
              >
                <input
                  id={id}
                  type="checkbox"
                  checked={forcedAnswer.hasBlank}
                  onChange={event => {
                    forcedAnswer.hasBlank = event.target.checked;
                  }}
                />
                {trans.__('with a space before it')}
              </label>
            )}
          </div>
        </form>
      )}
    </section>
  );
}
