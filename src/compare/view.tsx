import React, { useCallback, useEffect, useRef } from 'react';

import { usePanel } from '../components/context';
import { useRedraw } from '../components/redraw';
import type { ICompareActions } from './actions';
import { Changes } from './changes';
import { Column } from './column';
import type { Comparison } from './comparison';
import { Differences } from './differences';
import { CompareLegend } from './legend';
import { OldAnswerView } from './oldAnswerView';
import { Maps } from './maps';
import { useScrollTogether } from './scroll';
import type { Side } from './segments';
import { segmentsIn } from './segments';
import { summarize } from './summary';
import { Tools } from './tools';

/** Two runs side by side. */
export function CompareView(props: {
  comparison: Comparison;
  actions: ICompareActions;
}): JSX.Element {
  const { comparison, actions } = props;
  useRedraw(comparison);
  const panes: Record<Side, React.RefObject<HTMLDivElement>> = {
    left: useRef<HTMLDivElement>(null),
    right: useRef<HTMLDivElement>(null)
  };
  const { sides, view } = comparison;
  useScrollTogether([panes.left, panes.right], comparison.overlays.alignment);
  useAnswerInView(panes, comparison);

  const { left, right } = panes;
  /** Scroll to segments and highlight them. */
  const onShow = useCallback(
    (shown: Partial<Record<Side, number>>) => {
      let scrolled = false;
      for (const [side, pane] of [
        ['left', left],
        ['right', right]
      ] as const) {
        const element = pane.current?.querySelector<HTMLElement>(
          `[data-segment="${shown[side]}"]`
        );
        if (element) {
          if (!scrolled) {
            // The other side follows.
            element.scrollIntoView({ block: 'center' });
            scrolled = true;
          }
          element.classList.remove('lit-flash');
          void element.offsetWidth; // restarts the animation
          element.classList.add('lit-flash');
        }
      }
    },
    [left, right]
  );

  const onKeyDown = (event: React.KeyboardEvent) => {
    const hasTarget =
      sides.left.explanation.target ?? sides.right.explanation.target;
    if (event.key === 'Escape' && hasTarget) {
      event.stopPropagation();
      comparison.clear();
    }
  };

  return (
    <div className="lit-compare-content" onKeyDown={onKeyDown}>
      <Tools
        comparison={comparison}
        onSettings={actions.onSettings}
        onSave={() => {
          const both = [sides.left, sides.right];
          actions.onSave(
            both.flatMap(({ id }) => id ?? []),
            both.map(({ explanation }) => explanation.target)
          );
        }}
      />
      <Summary comparison={comparison} />
      <OldAnswerView comparison={comparison} />
      <div className="lit-compare-columns">
        {(['left', 'right'] as const).map(side => (
          <Column
            key={side}
            comparison={comparison}
            side={side}
            pane={panes[side]}
            actions={actions}
          />
        ))}
      </div>
      {view === 'text' && (
        <Changes
          comparison={comparison}
          onShow={change =>
            onShow({
              ...at(comparison, 'left', change.left),
              ...at(comparison, 'right', change.right)
            })
          }
        />
      )}
      {view === 'maps' && <Maps comparison={comparison} onShow={onShow} />}
      {view === 'difference' && (
        <Differences comparison={comparison} onShow={onShow} />
      )}
      <CompareLegend comparison={comparison} onSettings={actions.onSettings} />
    </div>
  );
}

/** The first segment of a side that a span of its tokens overlaps. */
function at(
  comparison: Comparison,
  side: Side,
  span: readonly [number, number] | null
): Partial<Record<Side, number>> {
  const { text } = comparison.sides[side].explanation;
  const index = span && text ? segmentsIn(text.segments, span)[0] : undefined;
  return index === undefined ? {} : { [side]: index };
}

/** How the runs differ, in a line; screen readers read out its changes. */
function Summary({ comparison }: { comparison: Comparison }): JSX.Element {
  const { trans } = usePanel();
  const { left, right } = comparison.sides;
  const prompt = comparison.overlays.differences('prompt');
  const said =
    left.run && right.run && prompt
      ? summarize(
          {
            left: left.run,
            right: right.run,
            prompt,
            answer: comparison.overlays.differences('answer')
          },
          trans
        )
      : [];
  return (
    <p className="lit-compare-summary" role="status">
      {said.join(' ')}
    </p>
  );
}

/** The differences of the answers come last, because users look for them first. */
function useAnswerInView(
  panes: Record<Side, React.RefObject<HTMLDivElement>>,
  comparison: Comparison
): void {
  const done = useRef(false);
  const { left, right } = comparison.sides;
  const isAnswered = [left, right].every(side => side.phase === 'shown');
  const pane = panes.right;
  useEffect(() => {
    if (isAnswered && !done.current) {
      done.current = true;
      pane.current
        ?.querySelector(
          '[data-target="true"], [data-part="answer"] [data-segment]'
        )
        ?.scrollIntoView({ block: 'center' });
    }
  }, [isAnswered, pane]);
}
