import React from 'react';

import { TopSegments } from '../map/topSegments';
import type { Comparison } from './comparison';
import type { Side } from './segments';

/** Each side's segments with the largest shares. */
export function Maps(props: {
  comparison: Comparison;
  onShow: (shown: Partial<Record<Side, number>>) => void;
}): JSX.Element | null {
  const { comparison, onShow } = props;
  const { sides } = comparison;
  if (!sides.left.explanation.map && !sides.right.explanation.map) {
    return null;
  }
  return (
    <div className="lit-compare-dock lit-compare-pair">
      {(['left', 'right'] as const).map(side => {
        const { text } = sides[side].explanation;
        const map = comparison.overlays.map(side);
        return text && map ? (
          <TopSegments
            key={side}
            text={text}
            map={map}
            onShow={index => onShow({ [side]: index })}
          />
        ) : (
          <span key={side} />
        );
      })}
    </div>
  );
}
