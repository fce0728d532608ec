import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useCallback, useEffect, useRef } from 'react';

import { CompareHints } from '../compare/hints';
import type { CompareLauncher } from '../compare/launcher';
import { TryButton, TryOverlay } from '../compare/trybutton';
import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { Contrast } from '../map/contrast';
import { Controls } from '../map/controls';
import { Demand } from '../map/demand';
import { EffectsSection } from '../map/effects';
import { SalienceText } from '../map/salienceText';
import { TopSegments } from '../map/topSegments';
import { Legend } from '../map/legend';
import { Part } from '../map/part';
import { SelectionOverlay } from '../map/selection';
import { showSegment } from '../map/show';
import { Hesitations } from '../map/surprisal';
import { Faithfulness } from '../map/faithfulness';
import type { TokenSpan } from '../salience';
import { isUnderWay } from '../session/run';
import type { IRun } from '../session/run';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { quoteStop } from '../session/stop';
import { Composer } from './composer';
import { useFollow } from './follow';
import { ForcedAnswer } from './forcedAnswer';
import { Header } from './header';
import { Options } from './options';
import { ServiceNotice } from './service';
import { SetupNotice } from './setup';
import { Status } from './status';

/** The side panel. */
export function PanelView(props: {
  session: Session;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Opens comparisons. */
  compare: CompareLauncher;
  /** The dataset browser. */
  datasets: JSX.Element;
  /** Earlier runs. */
  history: JSX.Element;
  /** The model manager. */
  models: JSX.Element;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, onSettings, compare } = props;
  useRedraw(session);
  const root = useRef<HTMLDivElement>(null);

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

  useEffect(() => {
    const reveal = (_: Session, token: number) => {
      // Once the new target is rendered.
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

  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      void session.runs.generate();
    } else if (event.key === 'Escape' && session.explanation.target) {
      event.stopPropagation();
      session.explanation.clear();
    }
  };

  const { runs, settings } = session;
  const { shown: run } = runs;
  const { text, map, target, scores, demand } = session.explanation;
  const isTryable = map !== null && !runs.isRunning;
  const isReady = scores !== null;
  const onRestrict = useCallback(
    (within: TokenSpan) => session.explanation.restrict(within),
    [session]
  );
  const onTry = useCallback(
    (index: number) => compare.tryWithout(index),
    [compare]
  );
  const tryTool = useCallback(
    (index: number, content: string) => (
      <TryButton
        content={content}
        effect={map?.effects?.all[index]}
        onClick={() => onTry(index)}
      />
    ),
    [onTry, map]
  );
  const overlay = useCallback(
    (textRoot: React.RefObject<HTMLDivElement>) => (
      <>
        <TryOverlay
          root={textRoot}
          isOffered={isTryable}
          map={map}
          onTry={onTry}
        />
        {text && (
          <SelectionOverlay
            root={textRoot}
            text={text}
            isOffered={isReady}
            onRestrict={onRestrict}
          />
        )}
      </>
    ),
    [isTryable, onTry, map, text, isReady, onRestrict]
  );
  const isMapped = map !== null || demand !== null;
  useFollow(root, run, scores !== null);
  // The list that appears with a map takes space: keep the clicked segment in view.
  useEffect(() => {
    if (isMapped) {
      root.current
        ?.querySelector('[data-target="true"]')
        ?.scrollIntoView({ block: 'nearest' });
    }
  }, [isMapped, target]);
  // Progress or a failure appears after the text: show it to the user who clicked there.
  const isAwaited = target !== null && !isMapped;
  const hasFailed = (scores?.problem ?? null) !== null;
  useEffect(() => {
    if (isAwaited) {
      root.current
        ?.querySelector('.lit-after > *')
        ?.scrollIntoView({ block: 'nearest' });
    }
  }, [isAwaited, hasFailed, target]);
  const empty = session.prompt.isEmpty && run === null;
  return (
    <div ref={root} className="lit-panel-content" onKeyDown={onKeyDown}>
      <Header session={session} />
      <div className="lit-scroll">
        <ServiceNotice session={session} />
        <SetupNotice service={session.service} />
        {empty && (
          <p className="lit-welcome">
            {trans.__(
              'Right-click a notebook cell and choose Analyze prompt, pick a sample, or type a prompt here.'
            )}
          </p>
        )}
        <Composer session={session} onSettings={onSettings} />
        <ForcedAnswer session={session} />
        {text && run && (
          <>
            <Controls
              settings={settings}
              patternProblem={session.patternProblem}
              ready={scores !== null}
              onSettings={onSettings}
            />
            {scores && <Part session={session} text={text} />}
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
              onPick={onPick}
              overlay={overlay}
            />
          </>
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
        <CompareHints launcher={compare} session={session} />
        {props.datasets}
        {props.history}
        {props.models}
      </div>
      {text && target && (map || demand) && (
        <div className="lit-dock">
          {map ? (
            <TopSegments
              text={text}
              map={map}
              foil={session.explanation.foil}
              onShow={onShow}
              tool={isTryable ? tryTool : undefined}
            />
          ) : (
            <Demand
              demand={demand!}
              method={settings.method}
              text={text}
              target={target}
              foil={session.explanation.foil}
              onRestart={() => void session.service.restart()}
            />
          )}
          <EffectsSection
            session={session}
            text={text}
            map={map}
            onSettings={onSettings}
          />
          <Contrast session={session} />
          {map && <Faithfulness session={session} map={map} />}
        </div>
      )}
      {!empty && (
        <Legend
          session={session}
          options={
            <Options
              settings={settings}
              text={text}
              model={session.modelInfo}
              limits={session.service.status?.limits ?? null}
              onSettings={onSettings}
            />
          }
        />
      )}
      <Status session={session} />
    </div>
  );
}

/** Why there is no answer to show. */
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
