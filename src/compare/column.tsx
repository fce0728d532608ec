import React, { useCallback, useEffect, useState } from 'react';

import { usePanel } from '../components/context';
import { Problem, Waiting } from '../components/notices';
import { useRedraw } from '../components/redraw';
import { Demand } from '../map/demand';
import { SalienceText } from '../map/salienceText';
import { describeChat } from '../session/chat';
import {
  describeEffect,
  describeSampling,
  describeUnlooked,
  duration
} from '../session/labels';
import type { IProblem } from '../session/problem';
import type { IRun } from '../session/run';
import { isUnderWay } from '../session/run';
import { unlookedOf } from '../session/mapEffects';
import { describeStopped, describeStops } from '../session/stop';
import type { ICompareActions } from './actions';
import type { Comparison } from './comparison';
import { describeChange } from './labels';
import { nameOf } from './name';
import type { Side } from './segments';
import type { CompareSide } from './side';

/** What a column shows and does. */
interface IColumnProps {
  comparison: Comparison;
  side: Side;
  pane: React.RefObject<HTMLDivElement>;
  actions: ICompareActions;
}

/** One run of a comparison. */
export function Column(props: IColumnProps): JSX.Element {
  const { trans } = usePanel();
  const { comparison, side: at, pane, actions } = props;
  const side = comparison.sides[at];
  useRedraw(side);
  const { settings } = comparison;
  const { text, target, scores } = side.explanation;
  const map = comparison.overlays.shown(at);
  const onPick = useCallback(
    (token: number, extend: boolean) => {
      comparison.pickSegment(at, token, extend);
    },
    [comparison, at]
  );
  /** Why the run couldn't be opened in the panel, shown until it can. */
  const [unopened, setUnopened] = useState<IProblem | null>(null);
  useEffect(() => setUnopened(null), [side.id]);
  const onOpen = async () => setUnopened(await actions.onOpen(side.id!));
  const { overlays, view } = comparison;
  const { difference } = overlays;
  const own = overlays.map(at);
  const describe = useCallback(
    (index: number) => {
      if (view !== 'difference' || !difference) {
        return '';
      }
      const change = difference.of[at][index];
      const passage =
        own && difference.by === 'effect' ? unlookedOf(own, index) : null;
      return change
        ? describeChange(change, difference, trans)
        : passage
          ? describeUnlooked(passage, trans)
          : '';
    },
    [difference, own, view, at, trans]
  );
  return (
    <section
      className="lit-compare-column"
      aria-label={
        at === 'left'
          ? trans.__('A: %1', nameOf(side, trans))
          : trans.__('B: %1', nameOf(side, trans))
      }
      data-side={at}
    >
      <Head {...props} onOpen={onOpen} />
      <div
        ref={pane}
        className="lit-compare-pane"
        data-view={view}
        data-side={at}
      >
        {unopened && (
          <div className="lit-compare-notice">
            <Problem
              problem={unopened}
              remedies={{ retry: onOpen, restart: actions.onRestart }}
              onDismiss={() => setUnopened(null)}
            />
          </div>
        )}
        <Notices {...props} />
        {text && side.run && (
          <SalienceText
            text={text}
            map={map}
            target={target}
            ready={scores !== null}
            answering={isUnderWay(side.run) && side.run.answerTokens.length > 0}
            underline={settings.emphasis === 'underline'}
            fine={
              settings.granularity === 'tokens' ||
              settings.granularity === 'words'
            }
            forcedAnswer={side.run.forcedAnswer !== undefined}
            onPick={onPick}
            marks={comparison.overlays.marks(at)}
            describe={describe}
          />
        )}
        {side.phase === 'shown' && side.run?.answerTokens.length === 0 && (
          <p className="lit-hint lit-inset">
            {trans.__('The model ended its answer at once, without a word.')}
          </p>
        )}
      </div>
      {at === 'right' && comparison.expected && (
        <p className="lit-compare-foot lit-hint">
          {trans.__(
            'From the effects on A: %1',
            describeEffect(comparison.expected, null, trans)
          )}
        </p>
      )}
      <TargetNotice {...props} />
    </section>
  );
}

/** A side's name, if both are named. */
function letterOf(side: Side): string {
  return side === 'left' ? 'A' : 'B';
}

/** Which run a side shows. */
function Head(props: IColumnProps & { onOpen: () => void }): JSX.Element {
  const { comparison, side: at } = props;
  const { trans } = usePanel();
  const side = comparison.sides[at];
  const { run } = side;
  const name = nameOf(side, trans);
  return (
    <header className="lit-compare-head">
      <span className="lit-compare-letter" aria-hidden>
        {letterOf(at)}
      </span>
      <h3 className="lit-compare-name" title={name}>
        <bdi>{name}</bdi>
      </h3>
      {side.id !== null && side.phase === 'shown' && (
        <button
          type="button"
          className="lit-link"
          title={trans.__('Show this run in the side panel')}
          onClick={props.onOpen}
        >
          {trans.__('Open in panel')}
        </button>
      )}
      {run && <span className="lit-compare-facts">{factsOf(run, trans)}</span>}
    </header>
  );
}

function factsOf(
  run: IRun,
  trans: ReturnType<typeof usePanel>['trans']
): string {
  const count = run.answerTokens.length;
  return [
    run.model,
    new Date(run.started).toLocaleString([], {
      dateStyle: 'medium',
      timeStyle: 'short'
    }),
    run.forcedAnswer === undefined
      ? describeSampling(run.sampling, trans)
      : trans.__('forced answer'),
    run.forcedAnswer === undefined ? describeStops(run.stop, trans) : '',
    describeChat(run.chatUse, trans, run.thinks),
    trans._n('%1 token', '%1 tokens', count, count),
    run.seconds === null ? '' : duration(run.seconds, trans),
    run.phase === 'stopped' ? trans.__('stopped') : '',
    run.phase === 'failed' ? trans.__('broke off') : '',
    run.reason === 'stop' ? describeStopped(run.stoppedAt, trans) : '',
    run.reason === 'length' ? trans.__('stopped at the token limit') : '',
    run.reason === 'window' ? trans.__('cut: the model’s window is full') : ''
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Progress and problems of the run itself. */
function Notices(props: IColumnProps): JSX.Element | null {
  const { trans } = usePanel();
  const { comparison, side: at, actions } = props;
  const side = comparison.sides[at];
  const { run, problem } = side;
  if (side.phase === 'loading') {
    return (
      <div className="lit-compare-notice">
        <Waiting
          message={trans.__('Fetching the run')}
          since={side.loadingSince!}
        />
      </div>
    );
  }
  if (side.phase === 'running' && run) {
    return (
      <div className="lit-compare-notice">
        <Waiting message={run.message} since={run.started} />
        <button
          type="button"
          className="lit-button lit-stop"
          onClick={() => side.stop()}
        >
          <span aria-hidden>◼ </span>
          {trans.__('Stop')}
        </button>
      </div>
    );
  }
  if (problem) {
    return (
      <div className="lit-compare-notice">
        <Problem
          problem={problem}
          remedies={{ retry: () => side.retry(), restart: actions.onRestart }}
        />
      </div>
    );
  }
  if (side.phase === 'unanswered') {
    return (
      <div className="lit-compare-notice">
        <p className="lit-hint">
          {trans.__('Stopped before the answer began.')}
        </p>
        <button
          type="button"
          className="lit-button"
          onClick={() => side.retry()}
        >
          {trans.__('Run again')}
        </button>
      </div>
    );
  }
  return null;
}

/** How the target was found, and the progress of its map. */
function TargetNotice(props: IColumnProps): JSX.Element | null {
  const { trans } = usePanel();
  const { comparison, side: at, actions } = props;
  const side = comparison.sides[at];
  const { explanation } = side;
  const { scores, target, map, demand, text } = explanation;
  if (side.phase !== 'shown' || !scores || !text) {
    return null;
  }
  const match = comparison.matched(at);
  if (!target) {
    return (
      <p className="lit-compare-foot lit-hint">
        {match === 'none'
          ? trans.__(
              'This answer has no counterpart of the other side’s target. Click a sentence to choose a target.'
            )
          : trans.__(
              'Click a sentence of the answer to see what led to it; Shift-click to extend.'
            )}
      </p>
    );
  }
  return (
    <div className="lit-compare-foot">
      {match !== null && match !== 'none' && (
        <p className="lit-hint">
          {
            {
              same: trans.__('Target: the same text as on the other side.'),
              alike: trans.__('Target: the most similar to the other side’s.'),
              place: trans.__(
                'Target: in the same place as the other side’s, with different text.'
              )
            }[match]
          }
        </p>
      )}
      {!map && demand && (
        <Demand
          demand={demand}
          method={comparison.settings.method}
          text={text}
          target={target}
          onRestart={actions.onRestart}
        />
      )}
      {!map && !demand && <Scoring side={side} onRestart={actions.onRestart} />}
    </div>
  );
}

/** The progress of automatic scores, with a button that cancels. */
function Scoring(props: {
  side: CompareSide;
  onRestart: () => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { explanation } = props.side;
  const { scores, target } = explanation;
  if (!scores || !target) {
    return null;
  }
  if (scores.problem) {
    return (
      <Problem
        problem={scores.problem}
        remedies={{
          retry: () => scores.retry(),
          restart: props.onRestart
        }}
      />
    );
  }
  if (!scores.isBusy) {
    return (
      <div className="lit-compare-action">
        <span className="lit-hint">
          {trans.__('Its map was not computed.')}
        </span>
        <button
          type="button"
          className="lit-button"
          onClick={() => scores.prioritize(target)}
        >
          {trans.__('Compute')}
        </button>
      </div>
    );
  }
  return (
    <div className="lit-compare-action">
      <Waiting
        message={scores.message || trans.__('Computing salience')}
        since={explanation.targetSince}
      />
      <button
        type="button"
        className="lit-button"
        onClick={() => scores.cancel()}
      >
        {trans.__('Cancel')}
      </button>
    </div>
  );
}
