import React, { useState } from 'react';

import { usePanel } from '../components/context';
import { InlineForm } from '../components/form';
import { Problem, Waiting } from '../components/notices';
import type { TokenSpan } from '../salience';
import { choicesOf } from '../session/contrast';
import type { IChoice, IFoil } from '../session/contrast';
import { percent } from '../session/labels';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';
import { METHODS } from '../session/methods';
import type { Session } from '../session/session';
import { onOneLine, spell } from './certainty';

/** Maximum number of offered alternatives. */
const CHOICES = 6;

/** The paper that describes contrastive explanations. */
const SOURCE = 'Yin & Neubig 2022';

/** How many alternatives to offer even if they are improbable. */
const UNLIKELY_CHOICES = 2;

/** Alternatives with a lower log-probability are offered only up to that number. */
const UNLIKELY = Math.log(0.001);

/** The section for contrastive targets: a form for the foil, or a description of the shown contrast. */
export function Contrast({
  session
}: {
  session: Session;
}): JSX.Element | null {
  const { text, target, foil } = session.explanation;
  if (!text || !target) {
    return null;
  }
  return foil ? (
    <Shown session={session} text={text} target={target} foil={foil} />
  ) : (
    <Asked session={session} text={text} target={target} />
  );
}

interface IContrastProps {
  session: Session;
  text: IText;
  target: TokenSpan;
}

/** Describes a contrastive map, with a button for the plain one. */
function Shown(props: IContrastProps & { foil: IFoil }): JSX.Element {
  const { trans } = usePanel();
  const { session, text, target, foil } = props;
  const said = spell(textOf(text.tokens, target), '');
  const against = spell(foil.text, '');
  const { isContrastive, isSigned } = METHODS[session.settings.method];
  return (
    <div className="lit-contrast" role="note">
      {isContrastive && (
        <p>
          {trans.__(
            'The map shows what makes “%1” more likely than “%2”. What supports both equally cancels out.',
            said,
            against
          )}{' '}
          {isSigned &&
            trans.__(
              '“For it” means for “%1”, “against it” means for “%2”.',
              said,
              against
            )}{' '}
          <a
            className="lit-link"
            title={trans.__(
              'log p(“%1”) − log p(“%2”). log p is the natural logarithm of a probability.',
              said,
              against
            )}
            href="https://arxiv.org/abs/2202.10419"
            target="_blank"
            rel="noopener noreferrer"
          >
            {SOURCE}
          </a>
        </p>
      )}
      <button
        type="button"
        className="lit-link"
        onClick={() => session.contrast.clear()}
      >
        {trans.__(
          'Explain “%1” by itself',
          spell(textOf(text.tokens, session.contrast.before ?? target), '')
        )}
      </button>
    </div>
  );
}

/** The form for a foil. */
function Asked({ session, text, target }: IContrastProps): JSX.Element {
  const { trans } = usePanel();
  const [typed, setTyped] = useState(session.contrast.written);
  const { contrast } = session;
  const choices = choicesOf(text.tokens, target, CHOICES).filter(
    ({ alternative }, i) =>
      alternative.logprob > UNLIKELY || i < UNLIKELY_CHOICES
  );
  return (
    <div className="lit-contrast">
      <h3>{trans.__('Why not something else?')}</h3>
      <p className="lit-hint">
        {trans.__(
          'Choose one of the model’s alternatives, or another text in place of the target.'
        )}
      </p>
      {choices.length > 0 && (
        <ul
          className="lit-choices"
          aria-label={trans.__('The model’s alternatives')}
        >
          {choices.map(choice => (
            <li key={`${choice.token}:${choice.alternative.id}`}>
              <Choice
                choice={choice}
                text={text}
                onChoose={() => contrast.choose(choice)}
              />
            </li>
          ))}
        </ul>
      )}
      <InlineForm
        className="lit-contrast-form"
        onSubmit={() => {
          if (typed.trim() !== '') {
            void contrast.type(typed);
          }
        }}
      >
        <input
          className="lit-field"
          aria-label={trans.__('Text in place of the target')}
          placeholder={trans.__('Rather than …')}
          value={typed}
          dir="auto"
          spellCheck={false}
          onChange={event => {
            contrast.written = event.target.value;
            setTyped(event.target.value);
          }}
        />
        <button
          type="submit"
          className="lit-button"
          disabled={typed.trim() === '' || contrast.since !== null}
        >
          {trans.__('Compare')}
        </button>
      </InlineForm>
      {contrast.since !== null && (
        <Waiting
          message={trans.__('Tokenizing the text')}
          since={contrast.since}
        />
      )}
      {contrast.problem && (
        <Problem
          problem={contrast.problem}
          remedies={{
            retry: () => void contrast.type(),
            restart: () => void session.service.restart()
          }}
        />
      )}
    </div>
  );
}

/** A token that the model considered, after the text before it. */
function Choice(props: {
  choice: IChoice;
  text: IText;
  onChoose: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { choice, text, onChoose } = props;
  const { token, said, alternative } = choice;
  const both = [said, alternative];
  let [was, might] = both.map(one => spell(one.text, one.piece));
  if (was === might) {
    // They differ in blanks.
    [was, might] = both.map(one => spell(one.text, one.piece, true));
  }
  const before = textOf(text.tokens, [
    Math.max(text.seam, token - 4),
    token
  ]).trimStart();
  return (
    <button
      type="button"
      className="lit-choice-row"
      title={trans.__('Why “%1” rather than “%2”?', was, might)}
      onClick={onChoose}
    >
      <span className="lit-choice-text">
        <bdi className="lit-choice-before" aria-hidden>
          {onOneLine(before)}
        </bdi>{' '}
        <bdi>{was}</bdi>
        <span className="lit-visually-hidden">{trans.__('rather than')}</span>
        <span aria-hidden> ↛ </span>
        <strong>
          <bdi>{might}</bdi>
        </strong>
      </span>
      <span className="lit-choice-share">
        {alternative.logprob > UNLIKELY
          ? percent(Math.exp(alternative.logprob))
          : trans.__('under %1', percent(Math.exp(UNLIKELY)))}
      </span>
    </button>
  );
}

/** The heading of a target and its foil. */
export function TargetName(props: {
  target: string;
  foil: IFoil | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { target, foil } = props;
  return (
    <>
      {trans.__('What led to')} <strong>“{target}”</strong>
      {foil && (
        <>
          {' '}
          {trans.__('rather than')} <strong>“{spell(foil.text, '')}”</strong>
        </>
      )}
    </>
  );
}
