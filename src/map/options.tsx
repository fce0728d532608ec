import React, { useMemo } from 'react';

import type { AblationMode } from '../api';
import { Checkbox } from '../components/checkbox';
import { usePanel } from '../components/context';
import type { Aggregation, LineJoining } from '../salience';
import { textOf } from '../session/runText';
import type { IText } from '../session/runText';
import { METHODS, scoresTokens } from '../session/methods';
import { NumberField } from '../components/numberfield';
import { MAX_EFFECTS_SECONDS } from '../session/settings';
import type { ISettings } from '../session/settings';

/** How maps are computed and shown. */
export function MapOptions({
  settings,
  text,
  onSettings
}: {
  settings: ISettings;
  /** The text in segments; absent or null: there is none, or several. */
  text?: IText | null;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const ofTokens = scoresTokens(settings.method);
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
      <Checkbox
        label={trans.__('Explain each answer')}
        title={trans.__(
          'When an answer is complete, its last sentence becomes the target'
        )}
        checked={settings.explainAnswer}
        onChange={explainAnswer => onSettings({ explainAnswer })}
      />
      <label>
        {trans.__('Lines wrapped by hand')}
        <select
          value={settings.joinLines}
          onChange={event =>
            onSettings({ joinLines: event.target.value as LineJoining })
          }
        >
          <option value="auto">{trans.__('join automatically')}</option>
          <option value="on">{trans.__('join')}</option>
          <option value="off">{trans.__('don’t join')}</option>
        </select>
      </label>
      {text && <Joined settings={settings} text={text} />}
      {ofTokens && (
        <label>
          {trans.__('Score of a segment')}
          <select
            value={settings.aggregation}
            onChange={event =>
              onSettings({ aggregation: event.target.value as Aggregation })
            }
          >
            <option value="squares">
              {trans.__('squares of its tokens, added')}
            </option>
            <option value="sum">{trans.__('sum of its tokens (LIT)')}</option>
            <option value="mean">{trans.__('mean of its tokens')}</option>
            <option value="max">{trans.__('strongest token')}</option>
          </select>
        </label>
      )}
      {ofTokens &&
        settings.granularity !== 'tokens' &&
        settings.aggregation === 'squares' && (
          <p className="lit-hint">
            {METHODS[settings.method].addsUp
              ? trans.__(
                  'The scores of this method add up, so they are summed instead.'
                )
              : trans.__(
                  'Squares say how strongly the target reacts to the whole segment, not whether for or against.'
                )}
          </p>
        )}
      {ofTokens && settings.aggregation === 'sum' && (
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
      <label>
        {trans.__('Random deletions for LIME and SHAP')}
        <select
          value={settings.ablationSets}
          onChange={event =>
            onSettings({
              ablationSets: event.target.value === 'lit' ? 'lit' : 'needed'
            })
          }
        >
          <option value="needed">{trans.__('64, more if needed')}</option>
          <option value="lit">{trans.__('256, drawn as in LIT')}</option>
        </select>
      </label>
      <NumberField
        label={trans.__('Seconds for effects (0: after a click)')}
        min={0}
        max={MAX_EFFECTS_SECONDS}
        value={settings.effectsSeconds}
        onChange={effectsSeconds => onSettings({ effectsSeconds })}
      />
      <Checkbox
        label={trans.__('Exact effects (float32)')}
        title={trans.__(
          'Otherwise half precision, where the processor has matrix units for it and it agrees with float32'
        )}
        checked={settings.exactEffects}
        onChange={exactEffects => onSettings({ exactEffects })}
      />
      <Checkbox
        label={trans.__('Compact lines')}
        checked={settings.density === 'compact'}
        onChange={is => onSettings({ density: is ? 'compact' : 'comfortable' })}
      />
      <Checkbox
        label={trans.__('Hide template parts')}
        title={trans.__(
          'Tokens that only structure a conversation, such as <start_of_turn>'
        )}
        checked={settings.hideTemplate}
        onChange={hideTemplate => onSettings({ hideTemplate })}
      />
      <Checkbox
        label={trans.__('Underline instead of shading')}
        checked={settings.emphasis === 'underline'}
        onChange={is => onSettings({ emphasis: is ? 'underline' : 'shade' })}
      />
    </>
  );
}

/** What joining lines automatically does to a text's sentences. */
function Joined(props: {
  settings: ISettings;
  text: IText;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { settings, text } = props;
  const isJoined = useMemo(
    () =>
      text.segments.some(span =>
        /[\r\n]/.test(textOf(text.tokens, span).trim())
      ),
    [text]
  );
  if (settings.granularity !== 'sentences' || settings.joinLines !== 'auto') {
    return null;
  }
  return (
    <p className="lit-hint">
      {isJoined
        ? trans.__(
            'Lines of this text were wrapped in mid-sentence; its sentences run across them.'
          )
        : trans.__('No line of this text seems to be wrapped in mid-sentence.')}
    </p>
  );
}
