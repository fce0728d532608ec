import React, { useId, useRef, useState } from 'react';

import { usePanel } from './context';

interface INumberFieldProps {
  label: string;
  min: number;
  max: number;
  /** Where `max` comes from, in words; left out where nothing is behind it. */
  because?: string;
  /** Left out: whole numbers only. */
  step?: number;
  value: number;
  onChange: (value: number) => void;
}

/**
 * A number with its label.
 *
 * What is no number between the bounds stays as it was typed, with what is
 * wrong beside it; until it is mended, the last valid number holds.
 */
export function NumberField(props: INumberFieldProps): JSX.Element {
  const { trans } = usePanel();
  const { label, min, max, because, step, value, onChange } = props;
  const id = useId();
  // What is being typed: a field that corrects each key can't be typed into.
  const [draft, setDraft] = useState<string | null>(null);
  // A number that comes from elsewhere, such as the settings, is shown.
  const known = useRef(value);
  if (known.current !== value) {
    known.current = value;
    if (draft !== null && parse(draft) !== value) {
      setDraft(null);
    }
  }
  const isWhole = step === undefined;
  const isValid = (number: number) =>
    number >= min && number <= max && (!isWhole || Number.isInteger(number));
  const isWrong = draft !== null && !isValid(parse(draft));
  // Set for another model, or by hand in the settings.
  const isExcessive = !isWrong && value > max;
  const said = isWhole
    ? trans.__(
        'Enter a whole number from %1 to %2. Until then %3 is used.',
        min,
        max,
        Math.min(max, value)
      )
    : trans.__(
        'Enter a number from %1 to %2. Until then %3 is used.',
        min,
        max,
        Math.min(max, value)
      );
  return (
    <>
      <label>
        {label}
        <input
          type="number"
          min={min}
          max={max}
          step={step ?? 1}
          value={draft ?? value}
          aria-invalid={isWrong}
          aria-describedby={isWrong || isExcessive ? id : undefined}
          onChange={event => {
            // Empty where it is no number at all; the field still shows it.
            const typed = event.target.value;
            setDraft(typed);
            const number = parse(typed);
            if (isValid(number)) {
              onChange(number);
            }
          }}
          onBlur={() => setDraft(isWrong ? draft : null)}
        />
      </label>
      {isWrong && (
        <p id={id} className="lit-invalid" aria-live="polite">
          {said}
          {because && ` ${because}`}
        </p>
      )}
      {isExcessive && (
        <p id={id} className="lit-hint">
          {trans.__('At most %1 is used here.', max)}
          {because && ` ${because}`}
        </p>
      )}
    </>
  );
}

/** A typed number; NaN where it is none. */
function parse(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
