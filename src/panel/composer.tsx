import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useRef, useState } from 'react';

import { AutoText } from '../components/autotext';
import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { chatNote, describeChat } from '../session/chat';
import { describeSampling, duration, signedFigure } from '../session/labels';
import { isUnderWay } from '../session/run';
import type { IRun } from '../session/run';
import type { Session } from '../session/session';
import { countOf, samplingOf } from '../session/settings';
import type { ISettings } from '../session/settings';
import { describeStopped, describeStops, isSameStops } from '../session/stop';
import { Count } from './count';
import { Origin, Variables } from './origin';
import { SampleStrip } from './samples';
import { StopProposal } from './stopfield';
import { TurnFields } from './turns';

/** Where the user writes and runs the prompt. */
export function Composer({
  session,
  onSettings
}: {
  session: Session;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [editing, setEditing] = useState(false);
  const runButton = useRef<HTMLButtonElement>(null);
  const { prompt, runs } = session;
  const { shown: run, attempt, isRunning, failure: failed } = runs;
  const limit = session.service.status?.limits.max_prompt_chars;
  // Without an answer there is no text that would show the prompt.
  const shown = editing || session.explanation.text === null;
  const problem = runs.promptProblem;
  const awaited = isUnderWay(attempt)
    ? attempt
    : run && isUnderWay(run)
      ? run
      : null;
  const busy = awaited !== null && awaited.answerTokens.length === 0;
  return (
    <>
      <section className="lit-composer" aria-label={trans.__('Prompt')}>
        <Origin session={session} />
        <Variables prompt={prompt} limit={limit} />
        {shown && <PromptFields session={session} limit={limit} />}
        <Count session={session} isWriting={shown || session.runs.isStale} />
      </section>
      {/* Stays in view: an answer that one reads can be stopped, and what one
          waits for or what went wrong is seen, wherever one is in the text. */}
      <section className="lit-run" aria-label={trans.__('Run')}>
        <div className="lit-run-row">
          {isRunning ? (
            <button
              type="button"
              className="lit-button lit-stop"
              onClick={() => session.runs.stop()}
            >
              <span aria-hidden>◼ </span>
              {trans.__('Stop')}
            </button>
          ) : (
            <button
              ref={runButton}
              type="button"
              className="lit-button lit-primary"
              title={trans.__('Let the model answer (Ctrl+Enter)')}
              onClick={() => void session.runs.generate()}
            >
              <span aria-hidden>▶ </span>
              {trans.__('Run')}
            </button>
          )}
          {session.explanation.text !== null && (
            <button
              type="button"
              className="lit-button"
              aria-expanded={shown}
              onClick={() => setEditing(!editing)}
            >
              {editing ? trans.__('Close editor') : trans.__('Edit prompt')}
            </button>
          )}
          {session.canContinue && (
            <button
              type="button"
              className="lit-button"
              title={trans.__(
                'Add the answer to the conversation as the model’s turn, and write what the user says next'
              )}
              onClick={() => {
                setEditing(true);
                session.continueAnswer();
              }}
            >
              {trans.__('Use the answer as the next turn')}
            </button>
          )}
          <Facts session={session} />
        </div>
        <SampleStrip session={session} />
        <Sampled session={session} />
        <StopProposal
          session={session}
          onSettings={onSettings}
          onTaken={() => runButton.current?.focus()}
        />
        <Turns session={session} />
        {problem && <Problem problem={problem} />}
        {busy && <Waiting message={awaited.message} since={awaited.started} />}
        {failed && (
          <Problem
            problem={failed}
            remedies={{
              retry: () => void session.runs.retry(),
              restart: () => void session.service.restart()
            }}
            onDismiss={
              attempt?.problem ? () => session.runs.dismiss() : undefined
            }
          />
        )}
      </section>
    </>
  );
}

/** The prompt to be edited: a text, or a conversation's turns. */
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

/** Facts about the run. */
function Facts({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { shown: run, attempt, isStale } = session.runs;
  if (!run || attempt) {
    return null;
  }
  if (isStale && !isUnderWay(run)) {
    // Repeated here: the prompt's note may be out of view.
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
        'Not the model’s answer: a forced answer. log p is the natural logarithm of the probability that the model would write it: the closer to 0, the more likely.'
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

/** How fast the answer started, and what it reused from the run before. */
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

/** A note on turns that the user wrote into the prompt. */
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

/** How the next answer is sampled, unless it always comes out the same. */
function Sampled({ session }: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { settings } = session;
  const { shown: run, samples } = session.runs;
  const next = samplingOf(settings);
  const count = countOf(settings);
  const { stop } = settings;
  const how = describeSampling(next, trans);
  const isUsual = how === describeSampling({}, trans) && stop.length === 0;
  // The first of several samples has the chosen seed.
  const isSample = samples.indexOf(run) >= 0;
  const first = isSample ? samples.runs[0] : run;
  const isTold =
    first !== null &&
    how === describeSampling(first.sampling, trans) &&
    isSameStops(first.stop, stop) &&
    (count === 1 || (isSample && samples.total === count));
  if (isUsual || isTold) {
    return null;
  }
  const details = [
    how,
    count > 1 ? trans.__('%1 samples', count) : '',
    describeStops(stop, trans)
  ];
  return (
    <p className="lit-hint lit-sampled" role="status">
      {trans.__(
        'Next answer: %1',
        details.filter(part => part !== '').join(', ')
      )}
    </p>
  );
}
