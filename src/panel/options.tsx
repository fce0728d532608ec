import React from 'react';

import type { AblationMode, Limits, ModelInfo } from '../api';
import type { Aggregation } from '../salience';
import { describeWindow } from '../session/labels';
import { METHODS } from '../session/methods';
import { seedOf } from '../session/samples';
import {
  MAX_REPETITION_PENALTY,
  MAX_SAMPLES,
  MAX_SEED,
  MAX_TEMPERATURE,
  MAX_TOP_K
} from '../session/settings';
import type { ISettings } from '../session/settings';
import { ChatOption } from './chat';
import { usePanel } from './context';
import { NumberField } from './numberfield';
import { StopField } from './stopfield';

/** How maps are made and shown, and how answers are. */
export function Options(props: {
  settings: ISettings;
  /** The model that runs; null where it isn't known. */
  model: ModelInfo | null;
  /** What the server allows; null where that isn't known. */
  limits: Limits | null;
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

/** Longest answer that can be asked for where nothing says what the server allows. */
const MOST_TOKENS = 4096;

function AnswerOptions(
  props: IOptionsProps & { model: ModelInfo | null; limits: Limits | null }
): JSX.Element {
  const { trans } = usePanel();
  const { settings, model, limits, onSettings } = props;
  const allowed = limits?.max_new_tokens ?? MOST_TOKENS;
  const window = model?.window ?? null;
  // A prompt has one token at least.
  const most = Math.max(1, Math.min(allowed, (window ?? Infinity) - 1));
  return (
    <>
      <NumberField
        label={trans.__('Longest answer, in tokens')}
        min={1}
        max={most}
        because={
          most === allowed && limits
            ? trans.__(
                'The server allows no more; c.LitLab.max_new_tokens sets that.'
              )
            : undefined
        }
        value={settings.maxNewTokens}
        onChange={maxNewTokens => onSettings({ maxNewTokens })}
      />
      {model !== null && window !== null && (
        <p className="lit-hint">
          {trans.__(
            '%1 takes, prompt and answer together: %2.',
            model.name,
            describeWindow(model, trans)
          )}
        </p>
      )}
      <StopField stop={settings.stop} onChange={stop => onSettings({ stop })} />
      <NumberField
        label={trans.__('Repetition penalty (1: none)')}
        min={1}
        max={MAX_REPETITION_PENALTY}
        step={0.05}
        value={settings.repetitionPenalty}
        onChange={repetitionPenalty => onSettings({ repetitionPenalty })}
      />
      <p className="lit-hint">
        {trans.__(
          'Above 1, tokens that prompt or answer have already become less likely.'
        )}
      </p>
      <NumberField
        label={trans.__('Temperature')}
        min={0}
        max={MAX_TEMPERATURE}
        step={0.1}
        value={settings.temperature}
        onChange={temperature => onSettings({ temperature })}
      />
      {settings.temperature === 0 ? (
        <p className="lit-hint">
          {trans.__(
            '0: each token is the most likely one, and each run the same. Above: tokens are drawn.'
          )}
        </p>
      ) : (
        <>
          <NumberField
            label={trans.__('Top-k (0: all)')}
            min={0}
            max={MAX_TOP_K}
            value={settings.topK}
            onChange={topK => onSettings({ topK })}
          />
          <NumberField
            label={trans.__('Top-p (1: all)')}
            min={0.01}
            max={1}
            step={0.05}
            value={settings.topP}
            onChange={topP => onSettings({ topP })}
          />
          <NumberField
            label={trans.__('Seed')}
            min={0}
            max={MAX_SEED}
            value={settings.seed}
            onChange={seed => onSettings({ seed })}
          />
          <p className="lit-hint">
            {trans.__('The same seed gives the same answer again.')}
          </p>
        </>
      )}
      <NumberField
        label={trans.__('Samples')}
        min={1}
        max={MAX_SAMPLES}
        value={settings.samples}
        onChange={samples => onSettings({ samples })}
      />
      {settings.samples > 1 && (
        <p className="lit-hint">
          {settings.temperature === 0
            ? trans.__(
                'At temperature 0 all samples would be the same: one is made.'
              )
            : trans.__(
                'Run makes one answer after the other, with the seeds from %1 to %2.',
                settings.seed,
                seedOf(settings.seed, settings.samples - 1)
              )}
        </p>
      )}
    </>
  );
}
