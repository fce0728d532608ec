import React from 'react';

/** A setting that is on or off. */
export function Checkbox(props: {
  label: string;
  title?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): JSX.Element {
  return (
    <label title={props.title}>
      <span>{props.label}</span>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
    </label>
  );
}
