import React from 'react';

import type { Limits, ModelInfo } from '../api';
import { usePanel } from '../components/context';
import { NumberField } from '../components/numberfield';
import { MapOptions } from '../map/options';
import { describeWindow } from '../session/labels';
import type { IText } from '../session/runText';
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
import { StopField } from './stopfield';

interface IOptionsProps {
  settings: ISettings;
  /** The run's text in segments; null without a run. */
  text: IText | null;
  /** The chosen model; null if unknown. */
  model: ModelInfo | null;
  /** The server's limits; null if unknown. */
  limits: Limits | null;
  onSettings: (settings: Partial<ISettings>) => void;
}

/** Options for maps and for answers. */
export function Options(props: IOptionsProps): JSX.Element {
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

/** The maximum length of an answer while the server's limits are unknown. */
const MAX_TOKENS = 4096;

function AnswerOptions(props: IOptionsProps): JSX.Element {
  const { trans } = usePanel();
  const { settings, model, limits, onSettings } = props;
  const allowed = limits?.max_new_tokens ?? MAX_TOKENS;
  const window = model?.window ?? null;
  // A prompt has at least one token.
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
                'This is the server’s limit, which c.LitLab.max_new_tokens sets.'
              )
            : undefined
        }
        value={settings.maxNewTokens}
        onChange={maxNewTokens => onSettings({ maxNewTokens })}
      />
      {model !== null && window !== null && (
        <p className="lit-hint">
          {trans.__(
            'The limit of %1, for prompt and answer together, is %2.',
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
          'Above 1, tokens that already occur in the prompt or the answer become less likely.'
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
            '0: always the most likely token, so that each run gives the same answer. Above 0: tokens are sampled.'
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
                'At temperature 0 all samples would be the same, so there is only one.'
              )
            : trans.__(
                'Run generates the answers one after the other, with the seeds from %1 to %2.',
                settings.seed,
                seedOf(settings.seed, settings.samples - 1)
              )}
        </p>
      )}
    </>
  );
}
