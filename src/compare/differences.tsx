import React, { useState } from 'react';

import { usePanel } from '../components/context';
import { textOf } from '../session/runText';
import type { Comparison } from './comparison';
import type { IChange, IMapDifference } from './difference';
import { amount, describeChange, points } from './labels';
import type { Side } from './segments';

/** How many changes are listed at first. */
const COUNT = 6;

/** How many are listed after a click: more than anybody reads. */
const MAX_LISTED = 200;

/** The segments with the largest changes, so that users needn't judge colours. */
export function Differences(props: {
  comparison: Comparison;
  onShow: (shown: Partial<Record<Side, number>>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [all, setAll] = useState(false);
  const { comparison, onShow } = props;
  const { difference } = comparison.overlays;
  if (!difference) {
    return (
      <section className="lit-compare-dock">
        <p className="lit-hint">
          {trans.__(
            'A difference needs a map on both sides: choose a target in each answer.'
          )}
        </p>
      </section>
    );
  }
  const { changes } = difference;
  const largest = changes[0]?.size ?? 0;
  return (
    <section className="lit-compare-dock">
      <h3 className="lit-ranks-title">{trans.__('What changed most')}</h3>
      {changes.length === 0 && (
        <p className="lit-hint">
          {trans.__('There is no text before the targets to compare.')}
        </p>
      )}
      <ol aria-label={trans.__('What changed most')}>
        {changes.slice(0, all ? MAX_LISTED : COUNT).map(change => (
          <li key={change.rank}>
            <Row
              comparison={comparison}
              change={change}
              largest={largest}
              difference={difference}
              onShow={onShow}
            />
          </li>
        ))}
      </ol>
      {changes.length > COUNT && (
        <button
          type="button"
          className="lit-link"
          aria-expanded={all}
          onClick={() => setAll(!all)}
        >
          {all
            ? trans.__('Show fewer')
            : trans.__('Show all %1', changes.length)}
        </button>
      )}
    </section>
  );
}

function Row(props: {
  comparison: Comparison;
  change: IChange;
  largest: number;
  difference: IMapDifference;
  onShow: (shown: Partial<Record<Side, number>>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { comparison, change, largest, difference, onShow } = props;
  const { pair, left, right } = change;
  const side: Side = pair.right === null ? 'left' : 'right';
  const { text } = comparison.sides[side].explanation;
  const span = text?.segments[pair[side]!];
  const content = text && span ? textOf(text.tokens, span).trim() : '';
  const way = wayOf(change);
  return (
    <button
      type="button"
      className="lit-ranks-row lit-difference"
      data-way={way}
      title={describeChange(change, difference, trans)}
      onClick={() =>
        onShow({
          ...(pair.left !== null && { left: pair.left }),
          ...(pair.right !== null && { right: pair.right })
        })
      }
    >
      <span className="lit-ranks-rank">{change.rank}</span>
      <span className="lit-difference-sign" aria-hidden>
        {{ more: '▲', less: '▼', alone: '◇', same: '=' }[way]}
      </span>
      <bdi className="lit-ranks-text">{content}</bdi>
      <span className="lit-bar" aria-hidden>
        <span
          style={{
            width: `${largest > 0 ? (change.size / largest) * 100 : 0}%`
          }}
        />
      </span>
      <span className="lit-difference-shares">
        {left === null ? '–' : amount(left, difference.by, trans)} →{' '}
        {right === null ? '–' : amount(right, difference.by, trans)}
      </span>
      <span className="lit-ranks-share">
        {change.change !== null
          ? points(change.change, trans)
          : left !== null
            ? trans.__('only in A')
            : trans.__('only in B')}
      </span>
    </button>
  );
}

/** The direction of a change. */
function wayOf({ change }: IChange): 'more' | 'less' | 'alone' | 'same' {
  if (change === null) {
    return 'alone';
  }
  return change > 0 ? 'more' : change < 0 ? 'less' : 'same';
}
