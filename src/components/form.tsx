import React from 'react';

/** A form inside the panel. Enter submits it; Escape closes it, and nothing else. */
export function InlineForm(props: {
  className: string;
  label?: string;
  onSubmit: () => void;
  /** What Escape does; absent: nothing. */
  onCancel?: () => void;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <form
      className={props.className}
      aria-label={props.label}
      onSubmit={event => {
        event.preventDefault();
        props.onSubmit();
      }}
      onKeyDown={event => {
        // Of an input method, Escape ends the composition.
        if (event.key === 'Escape' && !event.nativeEvent.isComposing) {
          event.stopPropagation(); // Otherwise the panel would clear the target.
          props.onCancel?.();
        }
      }}
    >
      {props.children}
    </form>
  );
}
