import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useId, useState } from 'react';

import type { ModelInfo, Precision } from '../api';
import { InlineForm } from '../components/form';
import { describePrecision } from './labels';

const PRECISIONS: readonly Precision[] = [
  'auto',
  'float32',
  'bfloat16',
  'float16'
];

/** The longest limit that a request may contain, in tokens: `MAX_TOKENS` of the protocol. */
const MAX_TOKENS = 262_144;

/** Options for loading a model, instead of the configured ones. */
export function Otherwise(props: {
  model: ModelInfo;
  trans: TranslationBundle;
  /** Takes the longest prompt with its answer; 0: as configured, or else as memory allows. */
  onLoad: (precision: Precision, maxLength: number) => void;
  onCancel: () => void;
}): JSX.Element {
  const { model, trans, onLoad, onCancel } = props;
  const [precision, setPrecision] = useState<Precision>(
    model.precision ?? 'auto'
  );
  const [limit, setLimit] = useState(
    model.window_reason === 'user' ? String(model.window) : ''
  );
  const id = useId();
  const number = limit.trim() === '' ? null : Number(limit);
  const isValid =
    number === null ||
    (Number.isInteger(number) && number >= 2 && number <= MAX_TOKENS);
  return (
    <InlineForm
      className="lit-managed-form"
      label={trans.__('Load %1 with other settings', model.name)}
      onSubmit={() => {
        if (isValid) {
          onLoad(precision, number ?? 0);
        }
      }}
      onCancel={onCancel}
    >
      <label>
        <span>{trans.__('Precision')}</span>
        <select
          className="lit-field"
          autoFocus
          value={precision}
          onChange={event => setPrecision(event.target.value as Precision)}
        >
          {PRECISIONS.map(value => (
            <option key={value} value={value}>
              {describePrecision(value, trans)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{trans.__('Limit, in tokens')}</span>
        <input
          className="lit-field"
          inputMode="numeric"
          value={limit}
          placeholder={trans.__('as memory allows')}
          aria-invalid={!isValid}
          aria-describedby={isValid ? undefined : id}
          onChange={event => setLimit(event.target.value)}
        />
      </label>
      {!isValid && (
        <p id={id} className="lit-invalid" aria-live="polite">
          {trans.__(
            'Enter a whole number from 2 to %1, or leave it empty to let memory decide.',
            MAX_TOKENS.toLocaleString()
          )}
        </p>
      )}
      <p className="lit-hint">
        {trans.__(
          'bfloat16 and float16 take half of float32’s memory for weights; their maps are less exact, and float16’s may overflow. A shorter limit for prompt and answer saves memory, too.'
        )}
      </p>
      <div className="lit-managed-tools">
        <button
          type="submit"
          className="lit-button lit-primary"
          disabled={!isValid}
        >
          {trans.__('Load')}
        </button>
        <button type="button" className="lit-button" onClick={onCancel}>
          {trans.__('Cancel')}
        </button>
      </div>
    </InlineForm>
  );
}
