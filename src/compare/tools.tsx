import React from 'react';

import { Checkbox } from '../components/checkbox';
import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { Controls } from '../map/controls';
import { shadeChoices } from '../map/effects';
import type { ISettings } from '../session/settings';
import type { Comparison } from './comparison';

/** What is compared, and how. */
export function Tools(props: {
  comparison: Comparison;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Save both sides as one page. */
  onSave: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { comparison, onSettings, onSave } = props;
  const { sides, view, linked, shared } = comparison;
  const isWhole = [sides.left, sides.right].every(
    side => side.phase === 'shown' && side.id !== null
  );
  return (
    <header className="lit-compare-tools">
      <div className="lit-compare-row">
        <Choice
          label={trans.__('Compare')}
          value={view}
          onChange={next => {
            comparison.view = next;
          }}
          options={[
            {
              value: 'text',
              name: trans.__('Text'),
              title: trans.__('Which words differ')
            },
            {
              value: 'maps',
              name: trans.__('Both maps'),
              title: trans.__('What led to each side’s target')
            },
            {
              value: 'difference',
              name: trans.__('Difference of maps'),
              title: trans.__('What weighs more on one side than on the other')
            }
          ]}
        />
        <Checkbox
          label={trans.__('Choose both targets together')}
          title={trans.__(
            'Choosing a sentence of one answer also chooses its counterpart in the other'
          )}
          checked={linked}
          onChange={isLinked => {
            comparison.linked = isLinked;
          }}
        />
        {view !== 'text' && comparison.hasEffects && (
          <Choice
            label={trans.__('Shades follow')}
            value={comparison.by}
            onChange={shadeBy => onSettings({ shadeBy })}
            options={shadeChoices(trans)}
          />
        )}
        <button
          type="button"
          className="lit-button lit-compare-swap"
          onClick={() => comparison.swap()}
        >
          <span aria-hidden>⇄ </span>
          {trans.__('Swap sides')}
        </button>
        {isWhole && (
          <button
            type="button"
            className="lit-button"
            title={trans.__(
              'Both sides in a single file that opens in any browser, also offline'
            )}
            onClick={onSave}
          >
            {trans.__('Save as page')}
          </button>
        )}
      </div>
      <div className="lit-controls">
        <Controls
          settings={comparison.settings}
          patternProblem={comparison.patternProblem}
          onSettings={onSettings}
        />
        {view === 'maps' && (
          <Checkbox
            label={trans.__('One range of colours')}
            title={trans.__(
              'The same colour is the same share, or effect, on both sides; otherwise each side’s strongest segment has full colour'
            )}
            checked={shared}
            onChange={isShared => {
              comparison.shared = isShared;
            }}
          />
        )}
      </div>
    </header>
  );
}
