import React, { useId, useRef, useState } from 'react';

import { usePanel } from './context';

interface INumberFieldProps {
  label: string;
  min: number;
  max: number;
  /** Why `max` is the maximum; absent: no reason to give. */
  because?: string;
  /** Absent: whole numbers only. */
  step?: number;
  value: number;
  onChange: (value: number) => void;
}

/**
 * A number with its label.
 *
 * Text that isn't a number within the limits stays as typed, with the problem
 * beside it; until it is fixed, the last valid number counts.
 */
export function NumberField(props: INumberFieldProps): JSX.Element {
  const { trans } = usePanel();
  const { label, min, max, because, step, value, onChange } = props;
  const id = useId();
  // The text while the user types: a field that corrects each key can't be typed into.
  const [draft, setDraft] = useState<string | null>(null);
  // Show a number that comes from elsewhere, such as the settings.
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
  // The value was set for another model, or in the settings editor.
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
            // Empty if it is no number at all; the field still shows it.
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

/** A typed number; NaN if it is none. */
function parse(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}
