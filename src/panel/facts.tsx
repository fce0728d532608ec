import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { usePanel } from '../components/context';
import { describeChat } from '../session/chat';
import { describeSampling, duration, signedFigure } from '../session/labels';
import { isUnderWay } from '../session/run';
import type { IRun } from '../session/run';
import type { Session } from '../session/session';
import { describeStopped, describeStops } from '../session/stop';

/** Facts about the run. */
export function Facts({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { shown: run, attempt, isStale } = session.runs;
  if (!run || attempt) {
    return null;
  }
  if (isStale && !isUnderWay(run)) {
    // Repeat this here, because the prompt's note may be out of view.
    return (
      <span className="lit-facts">{trans.__('answer to an earlier text')}</span>
    );
  }
  const count = run.answerTokens.length;
  if (run.forcedAnswer !== undefined) {
    return <ForcedAnswerFacts run={run} />;
  }
  const facts = [trans._n('%1 token', '%1 tokens', count, count)];
  const chat = describeChat(run.chatUse, trans, run.thinks);
  if (chat !== '') {
    facts.unshift(chat);
  }
  if (run.seconds !== null) {
    facts.push(duration(run.seconds, trans));
  }
  if (session.model !== null && run.model !== session.model) {
    facts.push(trans.__('answer of %1', run.model));
  }
  if (run.phase === 'stopped') {
    facts.push(trans.__('stopped'));
  } else if (run.phase === 'failed') {
    facts.push(trans.__('broke off'));
  } else if (run.reason === 'stop') {
    facts.push(describeStopped(run.stoppedAt, trans));
  } else if (run.reason === 'length') {
    facts.push(trans.__('stopped at the token limit'));
  } else if (run.reason === 'window') {
    facts.push(trans.__('cut: the model’s window is full'));
  }
  if (run.stop && (run.reason !== 'stop' || run.stop.length > 1)) {
    const stops = describeStops(run.stop, trans);
    if (stops !== '') {
      facts.push(stops);
    }
  }
  const isGreedy = (run.sampling.temperature ?? 0) === 0;
  const details = detailsOf(run, trans);
  return (
    <span className="lit-facts" title={details || undefined}>
      {/* What is the same for each run goes first where there is no room; the
          seed of a sampled answer never does: without it there is no other like it. */}
      <span className={isGreedy ? 'lit-facts-how' : undefined}>
        {describeSampling(run.sampling, trans)} ·{' '}
      </span>
      {facts.join(' · ')}
      {details && <span className="lit-facts-details"> · {details}</span>}
    </span>
  );
}

/** Facts about a forced answer. */
function ForcedAnswerFacts({ run }: { run: IRun }): JSX.Element {
  const { trans } = usePanel();
  const count = run.answerTokens.length;
  const logprob = run.answerTokens.reduce(
    (sum, token) => sum + (token.logprob ?? 0),
    0
  );
  return (
    <span
      className="lit-facts"
      title={trans.__(
        'Not the model’s answer, but a forced answer. log p is the natural logarithm of its probability. The closer to 0, the more likely.'
      )}
    >
      {trans.__('forced answer')} ·{' '}
      {run.chatUse !== 'plain' && (
        <>{describeChat(run.chatUse, trans, run.thinks)} · </>
      )}
      {trans._n('%1 token', '%1 tokens', count, count)}
      {run.phase === 'done' && (
        <> · {trans.__('log p %1', signedFigure(logprob))}</>
      )}
    </span>
  );
}

/** How fast the answer started, and what it reused from the previous run. */
function detailsOf(run: IRun, trans: TranslationBundle): string {
  const details: string[] = [];
  if (run.firstSeconds !== null) {
    const seconds = Number(run.firstSeconds.toPrecision(2));
    details.push(trans.__('first word after %1 s', seconds));
  }
  if (run.reused > 0) {
    const count = run.promptTokens.length;
    details.push(trans.__('%1 of %2 prompt tokens reused', run.reused, count));
  }
  return details.join('; ');
}
