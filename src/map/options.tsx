import React from 'react';

import type { AblationMode } from '../api';
import { usePanel } from '../components/context';
import type { Aggregation } from '../salience';
import { METHODS } from '../session/methods';
import { NumberField } from '../components/numberfield';
import { MAX_EFFECTS_SECONDS } from '../session/settings';
import type { ISettings } from '../session/settings';

/** How maps are computed and shown. */
export function MapOptions({
  settings,
  onSettings
}: {
  settings: ISettings;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const isGradient = METHODS[settings.method].kind === 'gradient';
  return (
    <>
      <label>
        {trans.__('Colour intensity')}
        <input
          type="range"
          min={0}
          max={1}
          step={0.05}
          value={settings.intensity}
          onChange={event =>
            onSettings({ intensity: Number(event.target.value) })
          }
        />
      </label>
      {isGradient && (
        <label>
          {trans.__('Score of a segment')}
          <select
            value={settings.aggregation}
            onChange={event =>
              onSettings({ aggregation: event.target.value as Aggregation })
            }
          >
            <option value="norm">{trans.__('norm of its tokens')}</option>
            <option value="sum">{trans.__('sum of its tokens (LIT)')}</option>
            <option value="mean">{trans.__('mean of its tokens')}</option>
            <option value="max">{trans.__('strongest token')}</option>
          </select>
        </label>
      )}
      {isGradient && settings.aggregation === 'norm' && (
        <p className="lit-hint">
          {trans.__(
            'The norm is the root of the sum of squares. It says how strongly the target reacts to the whole segment, not whether for or against.'
          )}
        </p>
      )}
      {isGradient && settings.aggregation === 'sum' && (
        <p className="lit-hint">
          {trans.__('A sum favours long segments; the mean does not.')}
        </p>
      )}
      <label>
        {trans.__('Segments are ablated by')}
        <select
          value={settings.ablationMode}
          onChange={event =>
            onSettings({ ablationMode: event.target.value as AblationMode })
          }
        >
          <option value="remove">{trans.__('removing them')}</option>
          <option value="mask">{trans.__('padding')}</option>
        </select>
      </label>
      <NumberField
        label={trans.__('Seconds for effects (0: after a click)')}
        min={0}
        max={MAX_EFFECTS_SECONDS}
        value={settings.effectsSeconds}
        onChange={effectsSeconds => onSettings({ effectsSeconds })}
      />
      <label>
        <span>{trans.__('Compact lines')}</span>
        <input
          type="checkbox"
          checked={settings.density === 'compact'}
          onChange={event =>
            onSettings({
              density: event.target.checked ? 'compact' : 'comfortable'
            })
          }
        />
      </label>
      <label
        title={trans.__(
          'Tokens that only structure a conversation, such as <start_of_turn>'
        )}
      >
        <span>{trans.__('Hide template parts')}</span>
        <input
          type="checkbox"
          checked={settings.hideTemplate}
          onChange={event => onSettings({ hideTemplate: event.target.checked })}
        />
      </label>
      <label>
        <span>{trans.__('Underline instead of shading')}</span>
        <input
          type="checkbox"
          checked={settings.emphasis === 'underline'}
          onChange={event =>
            onSettings({
              emphasis: event.target.checked ? 'underline' : 'shade'
            })
          }
        />
      </label>
    </>
  );
}
