import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useCallback, useEffect, useRef, useState } from 'react';

import { CompareHints } from '../compare/hints';
import type { CompareLauncher } from '../compare/launcher';
import { TrialBar } from '../compare/trialBar';
import { TryOverlay } from '../compare/tryOverlay';
import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { Controls } from '../map/controls';
import { Part } from '../map/part';
import { SalienceText } from '../map/salienceText';
import { SelectionOverlay } from '../map/selection';
import { showSegment } from '../map/show';
import { Hesitations } from '../map/surprisal';
import type { TokenSpan } from '../salience';
import { isUnderWay } from '../session/run';
import type { IRun } from '../session/run';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { quoteStop } from '../session/stop';
import { Composer } from './composer';
import { Facts } from './facts';
import { useFollow } from './follow';
import { ForcedAnswer } from './forcedAnswer';
import { Insight } from './insight';
import type { PanelLayout } from './layout';
import { ServiceNotice } from './service';
import { SetupNotice } from './setup';
import { useTrials } from './trials';

/** The analysis: prompt, answer and map as one text, the map's controls, and the insight. */
export function Analysis(props: {
  session: Session;
  layout: PanelLayout;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Opens comparisons. */
  compare: CompareLauncher;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, layout, onSettings, compare } = props;
  const root = useRef<HTMLDivElement>(null);
  const [isEditing, setEditing] = useState(false);

  const onPick = useCallback(
    (token: number, extend: boolean) =>
      session.explanation.pickSegment(token, extend),
    [session]
  );
  const onHesitation = useCallback(
    (token: number) => session.explanation.setTarget([token, token + 1]),
    [session]
  );
  const onShow = useCallback(
    (index: number) => showSegment(root.current, index),
    []
  );
  const onShowAll = useCallback(
    (index: number) => {
      onShow(index);
      session.showInSource(index);
    },
    [onShow, session]
  );

  useEffect(() => {
    const reveal = (_: Session, token: number) => {
      // Wait until the new target is rendered.
      requestAnimationFrame(() => {
        const at = session.explanation.text?.segments.findIndex(
          ([start, end]) => start <= token && token < end
        );
        if (at !== undefined && at >= 0) {
          onShow(at);
        }
      });
    };
    session.revealed.connect(reveal);
    return () => {
      session.revealed.disconnect(reveal);
    };
  }, [session, onShow]);

  const { runs, settings } = session;
  const { shown: run } = runs;
  const { text, map, target, scores, demand } = session.explanation;
  const isTryable = map !== null && !runs.isRunning;
  const isReady = scores !== null;
  const onRestrict = useCallback(
    (within: TokenSpan) => session.explanation.restrict(within),
    [session]
  );
  const trials = useTrials(compare, map);
  const overlay = useCallback(
    (textRoot: React.RefObject<HTMLDivElement>) => (
      <>
        <TryOverlay
          root={textRoot}
          isOffered={isTryable}
          map={map}
          trials={trials.segment}
        />
        {text && (
          <SelectionOverlay
            root={textRoot}
            text={text}
            isOffered={isReady}
            onRestrict={onRestrict}
            trials={isTryable ? trials.selection : null}
          />
        )}
      </>
    ),
    [isTryable, trials, map, text, isReady, onRestrict]
  );
  const isMapped = map !== null || demand !== null;
  useFollow(root, run, scores !== null);
  // The drawer opens with the map and takes space, so keep the clicked segment in view.
  useEffect(() => {
    if (isMapped) {
      root.current
        ?.querySelector('[data-target="true"]')
        ?.scrollIntoView({ block: 'nearest' });
    }
  }, [isMapped, target]);
  // Progress or a failure appears after the text. Scroll to it after a click there.
  const isAwaited = target !== null && !isMapped;
  const hasFailed = (scores?.problem ?? null) !== null;
  useEffect(() => {
    if (isAwaited) {
      root.current
        ?.querySelector('.lit-after > *')
        ?.scrollIntoView({ block: 'nearest' });
    }
  }, [isAwaited, hasFailed, target]);
  const isEmpty = session.prompt.isEmpty && run === null;
  const note = session.modelInfo?.note;
  return (
    <div ref={root} className="lit-analysis">
      <div className="lit-scroll">
        <ServiceNotice session={session} />
        <SetupNotice service={session.service} />
        {note && <p className="lit-model-note">{note}</p>}
        {isEmpty && (
          <p className="lit-welcome">
            {trans.__(
              'Right-click a notebook cell and choose Analyze prompt, or type a prompt here. There are samples, too:'
            )}{' '}
            <button
              type="button"
              className="lit-link"
              onClick={() => layout.show('datasets')}
            >
              {trans.__('pick a sample')}
            </button>
          </p>
        )}
        <Composer session={session} isEditing={isEditing} onEdit={setEditing} />
        {text && run && (
          <SalienceText
            text={text}
            map={map}
            target={target}
            ready={scores !== null}
            answering={isUnderWay(run)}
            underline={settings.emphasis === 'underline'}
            surprisal={settings.surprisal}
            forcedAnswer={run.forcedAnswer !== undefined}
            compact={settings.density === 'compact'}
            hideTemplate={settings.hideTemplate}
            fine={
              settings.granularity === 'tokens' ||
              settings.granularity === 'words'
            }
            hasPromptHead={false}
            facts={<Facts session={session} />}
            marked={trials.marked}
            onPick={onPick}
            overlay={overlay}
          />
        )}
        {text && run && !isUnderWay(run) && run.answerTokens.length === 0 && (
          <p className="lit-hint lit-inset">{emptyAnswer(run, trans)}</p>
        )}
        {text && run && settings.surprisal && run.answerTokens.length > 0 && (
          <Hesitations
            text={text}
            isForced={run.forcedAnswer !== undefined}
            onPick={scores ? onHesitation : null}
          />
        )}
        {scores && !target && (
          <p className="lit-hint lit-inset lit-next">
            {trans.__(
              'Click a sentence of the answer to see what led to it; Shift-click to extend.'
            )}
          </p>
        )}
        <div className="lit-after">
          {target && !map && !demand && scores && !scores.problem && (
            <Waiting
              key={`${target[0]}:${target[1]}`}
              message={scores.message || trans.__('Computing salience')}
              since={session.explanation.targetSince}
            />
          )}
          {scores?.problem && !demand && (
            <Problem
              problem={scores.problem}
              remedies={{
                retry: () => scores.retry(),
                restart: () => void session.service.restart()
              }}
            />
          )}
        </div>
        {session.canContinue && (
          <button
            type="button"
            className="lit-link lit-continue"
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
        <ForcedAnswer session={session} />
        <CompareHints launcher={compare} session={session} />
      </div>
      <TrialBar
        launcher={compare}
        limit={session.service.status?.limits.max_prompt_chars}
      />
      {text && run && (
        <div className="lit-controls">
          <Controls
            settings={settings}
            patternProblem={session.patternProblem}
            onSettings={onSettings}
          />
          {scores && <Part session={session} text={text} />}
        </div>
      )}
      {!isEmpty && (
        <Insight
          session={session}
          layout={layout}
          onSettings={onSettings}
          onShow={onShowAll}
          tools={isTryable ? trials.tools : undefined}
        />
      )}
    </div>
  );
}

/** The reason why there is no answer to show. */
function emptyAnswer(run: IRun, trans: TranslationBundle): string {
  if (run.reason === 'stop' && run.stoppedAt) {
    return trans.__(
      'The answer is empty, because the model began with the stop sequence %1.',
      quoteStop(run.stoppedAt, trans)
    );
  }
  return run.phase === 'done'
    ? trans.__('The model ended its answer at once, without a word.')
    : trans.__('The answer had not started by then.');
}
