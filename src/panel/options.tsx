import React, { useState } from 'react';

import type { AblationMode, ModelInfo } from '../api';
import type { Aggregation } from '../salience';
import { METHODS } from '../session/methods';
import { MAX_SEED, MAX_TEMPERATURE, MAX_TOP_K } from '../session/settings';
import type { ISettings } from '../session/settings';
import { ChatOption } from './chat';
import { usePanel } from './context';

/** How maps are made and shown, and how answers are. */
export function Options(props: {
  settings: ISettings;
  /** The model that runs; null where it isn't known. */
  model: ModelInfo | null;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  return (
    <div className="lit-options" role="group" aria-label={trans.__('Options')}>
      <fieldset>
        <legend>{trans.__('Map')}</legend>
        <MapOptions {...props} />
      </fieldset>
      <fieldset>
        <legend>{trans.__('Generation')}</legend>
        <ChatOption {...props} />
        <AnswerOptions {...props} />
      </fieldset>
    </div>
  );
}

interface IOptionsProps {
  settings: ISettings;
  onSettings: (settings: Partial<ISettings>) => void;
}

/** How maps are made and shown. */
export function MapOptions({
  settings,
  onSettings
}: IOptionsProps): JSX.Element {
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
            <option value="sum">{trans.__('sum of its tokens')}</option>
            <option value="mean">{trans.__('mean of its tokens')}</option>
            <option value="max">{trans.__('strongest token')}</option>
          </select>
        </label>
      )}
      {isGradient && settings.aggregation === 'sum' && (
        <p className="lit-hint">
          {trans.__('A sum favours long segments; the mean does not.')}
        </p>
      )}
      <label>
        {trans.__('Parts are taken away by')}
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
          'What structures a conversation rather than says something, such as <start_of_turn>'
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

function AnswerOptions({ settings, onSettings }: IOptionsProps): JSX.Element {
  const { trans } = usePanel();
  return (
    <>
      <label>
        {trans.__('Longest answer, in tokens')}
        <NumberField
          min={1}
          max={4096}
          value={settings.maxNewTokens}
          onChange={maxNewTokens => onSettings({ maxNewTokens })}
        />
      </label>
      <label>
        {trans.__('Temperature')}
        <NumberField
          min={0}
          max={MAX_TEMPERATURE}
          step={0.1}
          value={settings.temperature}
          onChange={temperature => onSettings({ temperature })}
        />
      </label>
      {settings.temperature === 0 ? (
        <p className="lit-hint">
          {trans.__(
            '0: each token is the most likely one, and each run the same. Above: tokens are drawn.'
          )}
        </p>
      ) : (
        <>
          <label>
            {trans.__('Top-k (0: all)')}
            <NumberField
              min={0}
              max={MAX_TOP_K}
              value={settings.topK}
              onChange={topK => onSettings({ topK })}
            />
          </label>
          <label>
            {trans.__('Top-p (1: all)')}
            <NumberField
              min={0.01}
              max={1}
              step={0.05}
              value={settings.topP}
              onChange={topP => onSettings({ topP })}
            />
          </label>
          <label>
            {trans.__('Seed')}
            <NumberField
              min={0}
              max={MAX_SEED}
              value={settings.seed}
              onChange={seed => onSettings({ seed })}
            />
          </label>
          <p className="lit-hint">
            {trans.__('The same seed gives the same answer again.')}
          </p>
        </>
      )}
    </>
  );
}

/** A number; what is no number between the bounds changes nothing. */
function NumberField(props: {
  min: number;
  max: number;
  /** Left out: whole numbers only. */
  step?: number;
  value: number;
  onChange: (value: number) => void;
}): JSX.Element {
  const { min, max, step, value, onChange } = props;
  // What is being typed: a field that corrects each key can't be typed into.
  const [draft, setDraft] = useState<string | null>(null);
  const isValid = (number: number) =>
    number >= min &&
    number <= max &&
    (step !== undefined || Number.isInteger(number));
  return (
    <input
      type="number"
      min={min}
      max={max}
      step={step ?? 1}
      value={draft ?? value}
      aria-invalid={draft !== null && !isValid(parse(draft))}
      onChange={event => {
        setDraft(event.target.value);
        const number = parse(event.target.value);
        if (isValid(number)) {
          onChange(number);
        }
      }}
      onBlur={() => setDraft(null)}
    />
  );
}

function parse(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
