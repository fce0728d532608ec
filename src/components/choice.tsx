import React, { useRef } from 'react';

/** One option of a choice. */
export interface IOption<T extends string> {
  readonly value: T;
  /** What is shown, if it is shorter than the name. */
  readonly sign?: string;
  readonly name: string;
  readonly title?: string;
}

/** A choice of one of a few options, side by side: one stop of Tab; arrow keys choose. */
export function Choice<T extends string>(props: {
  label: string;
  options: readonly IOption<T>[];
  value: T;
  onChange: (value: T) => void;
}): JSX.Element {
  const { label, options, value, onChange } = props;
  const group = useRef<HTMLDivElement>(null);
  const move = (event: React.KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const at = options.findIndex(option => option.value === value);
    const next = (at + step + options.length) % options.length;
    onChange(options[next].value);
    group.current
      ?.querySelectorAll<HTMLElement>('[role="radio"]')
      .item(next)
      .focus();
  };
  return (
    <div
      ref={group}
      className="lit-choice"
      role="radiogroup"
      aria-label={label}
      onKeyDown={move}
    >
      {options.map(option => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          aria-label={option.sign ? option.name : undefined}
          title={option.title ?? (option.sign ? option.name : undefined)}
          data-value={option.value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChange(option.value)}
        >
          {option.sign ?? option.name}
        </button>
      ))}
    </div>
  );
}

const STEPS: Record<string, number | undefined> = {
  ArrowRight: 1,
  ArrowDown: 1,
  ArrowLeft: -1,
  ArrowUp: -1
};
