/** What the panel offers below its text. */
import React from 'react';

import { usePanel } from '../components/context';
import { Problem } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { endsInTurn } from '../session/chat';
import type { IRun } from '../session/run';
import type { Session } from '../session/session';
import type { CompareLauncher } from './launcher';

/** Ways to compare the shown run; and why a trial was refused. */
export function CompareHints(props: {
  launcher: CompareLauncher;
  session: Session;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { launcher, session } = props;
  useRedraw(launcher);
  const { current, before, refusal } = launcher;
  const isOffered =
    current !== null && before !== null && current.answerTokens.length > 0;
  return (
    <>
      {refusal && (
        <Problem
          problem={{ message: refusal, hint: '', remedies: [] }}
          onDismiss={() => launcher.dismiss()}
        />
      )}
      {isOffered && (
        <p className="lit-inset lit-compare-offer">
          <Offer onClick={() => launcher.compareWithBefore()}>
            {trans.__('Compare with the run before')}
          </Offer>
        </p>
      )}
      {current !== null && current.answerTokens.length > 0 && (
        <OtherTexts launcher={launcher} session={session} current={current} />
      )}
    </>
  );
}

/** A text to put in the answer's place, and compare with it. */
function OtherTexts(props: {
  launcher: CompareLauncher;
  session: Session;
  current: IRun;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { launcher, session, current } = props;
  const { forcedAnswer, prompt } = session;
  if (current.forcedAnswer !== undefined) {
    return (
      <p className="lit-inset lit-compare-offer">
        <Offer onClick={() => launcher.compareWithText(null)}>
          {trans.__('Compare with the model’s own answer')}
        </Offer>
      </p>
    );
  }
  // The target belongs to the row's own prompt, not to an edited one.
  const expected = session.runs.isStale ? '' : (prompt.source?.target ?? '');
  const typed = forcedAnswer.isOpen ? forcedAnswer.text : '';
  const offered = [
    [expected, trans.__('Compare with the dataset’s target')],
    [typed === expected ? '' : typed, trans.__('Compare with the typed text')]
  ].filter(([text]) => text.trim() !== '');
  return offered.length === 0 ? null : (
    <p className="lit-inset lit-compare-offer">
      {offered.map(([text, label]) => (
        <Offer
          key={label}
          title={text}
          onClick={() =>
            launcher.compareWithText(
              forcedAnswer.behind(current.prompt, text, endsInTurn(current))
            )
          }
        >
          {label}
        </Offer>
      ))}
    </p>
  );
}

function Offer(props: {
  title?: string;
  onClick: () => void;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <button
      type="button"
      className="lit-link"
      title={props.title}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  );
}
