import React, { useState } from 'react';

import type { Aggregation } from '../salience';
import { percent } from '../session/labels';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { usePanel } from './context';

/** What the colours mean, what is told apart, and how it is shown. */
export function Legend(props: {
  session: Session;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [open, setOpen] = useState(false);
  const { map, text } = props.session;
  const template = text?.tokens.filter(
    (token, i) => token.kind === 'template' && i < (map?.target[0] ?? 0)
  );
  const signed = map?.method === 'grad_dot_input';
  return (
    <footer className="lit-legend">
      {open && (
        <Options
          settings={props.session.settings}
          onSettings={props.onSettings}
        />
      )}
      <div className="lit-legend-row">
        {map && (
          <span className="lit-scale">
            {signed ? `−${percent(map.maxShare)}` : '0'}
            <span className="lit-scale-bar" data-signed={signed} aria-hidden />
            {signed
              ? `+${percent(map.maxShare)}`
              : trans.__('%1 of salience', percent(map.maxShare))}
          </span>
        )}
        {map && template && template.length > 0 && (
          <span
            className="lit-apart"
            title={trans.__(
              'Tokens that the model needs but nobody wrote. Their share is told apart from the text’s.'
            )}
          >
            {trans.__(
              '%1 %2 apart',
              template.length === 1 ? template[0].piece : trans.__('template'),
              percent(map.templateShare)
            )}
          </span>
        )}
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

function Options(props: {
  settings: ISettings;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { settings, onSettings } = props;
  return (
    <div className="lit-options" role="group" aria-label={trans.__('Options')}>
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
      <label>
        {trans.__('Score of a segment')}
        <select
          value={settings.aggregation}
          onChange={event =>
            onSettings({ aggregation: event.target.value as Aggregation })
          }
        >
          <option value="sum">{trans.__('sum of its tokens')}</option>
          <option value="mean">{trans.__('mean of its tokens')}</option>
          <option value="max">{trans.__('strongest token')}</option>
        </select>
      </label>
      {settings.aggregation === 'sum' && (
        <p className="lit-hint">
          {trans.__('A sum favours long segments; the mean does not.')}
        </p>
      )}
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
      <label>
        {trans.__('Longest answer, in tokens')}
        <input
          type="number"
          min={1}
          max={4096}
          value={settings.maxNewTokens}
          onChange={event => {
            const count = event.target.valueAsNumber;
            if (Number.isInteger(count) && count >= 1) {
              onSettings({ maxNewTokens: count });
            }
          }}
        />
      </label>
    </div>
  );
}
