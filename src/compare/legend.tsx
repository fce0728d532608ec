import React, { useState } from 'react';

import { usePanel } from '../components/context';
import { MapOptions } from '../map/options';
import { aboutNats, nats, percent } from '../session/labels';
import type { ISettings } from '../session/settings';
import type { Comparison } from './comparison';
import { MIN_FULL } from './difference';
import { amount } from './labels';
import type { Side } from './segments';

/** What marks and colours mean, and options of the maps. */
export function CompareLegend(props: {
  comparison: Comparison;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [open, setOpen] = useState(false);
  const { comparison, onSettings } = props;
  const { view, shared } = comparison;
  return (
    <footer className="lit-legend">
      {open && (
        <div
          className="lit-options"
          role="group"
          aria-label={trans.__('Options')}
        >
          <MapOptions settings={comparison.settings} onSettings={onSettings} />
        </div>
      )}
      <div className="lit-legend-row">
        {view === 'text' && <TextKey />}
        {view === 'maps' &&
          (shared ? (
            <Range comparison={comparison} of={['left', 'right']} />
          ) : (
            <>
              <Range comparison={comparison} of={['left']} />
              <Range comparison={comparison} of={['right']} />
            </>
          ))}
        {view === 'difference' && <DifferenceKey comparison={comparison} />}
        <button
          type="button"
          className="lit-link lit-options-toggle"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          {trans.__('Options')}
        </button>
      </div>
    </footer>
  );
}

function TextKey(): JSX.Element {
  const { trans } = usePanel();
  return (
    <>
      <span data-side="left">
        <span className="lit-word">{trans.__('words only in A')}</span>
      </span>
      <span data-side="right">
        <span className="lit-word">{trans.__('words only in B')}</span>
      </span>
    </>
  );
}

/** The colour range of one side or both. */
function Range(props: {
  comparison: Comparison;
  of: readonly Side[];
}): JSX.Element | null {
  const { trans } = usePanel();
  const { comparison, of } = props;
  const map = of
    .map(side => comparison.sides[side].explanation.map)
    .find(found => found !== null);
  if (!map) {
    return null;
  }
  const isEffect = comparison.by === 'effect';
  const isSigned = isEffect || map.isSigned;
  const range = comparison.overlays.rangeOf(of[0]);
  const most = isEffect
    ? trans.__('%1 per token', nats({ score: range }, trans))
    : percent(range);
  const letters = of.map(side => (side === 'left' ? 'A' : 'B'));
  return (
    <span className="lit-scale" title={isEffect ? aboutNats(trans) : undefined}>
      <strong>{letters.join(trans.__(' and '))}</strong>{' '}
      {isSigned ? trans.__('against it') : '0'}
      <span className="lit-scale-bar" data-signed={isSigned} aria-hidden />
      {isSigned
        ? trans.__('for it: up to %1', most)
        : trans.__('%1 of salience', most)}
    </span>
  );
}

function DifferenceKey({
  comparison
}: {
  comparison: Comparison;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { difference } = comparison.overlays;
  if (!difference) {
    return null;
  }
  const full = Math.max(difference.most, MIN_FULL);
  return (
    <>
      <span className="lit-scale">
        {trans.__('▼ less in B')}
        <span className="lit-scale-bar" data-signed="true" aria-hidden />
        {trans.__('▲ more in B · up to %1', amount(full, 'effect', trans))}
      </span>
      <span className="lit-segment" data-mark="only">
        {trans.__('only on one side')}
      </span>
    </>
  );
}
