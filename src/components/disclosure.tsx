import React from 'react';

/** A button that shows and hides what is below it. */
export const Disclosure = React.forwardRef<
  HTMLButtonElement,
  {
    className: string;
    isOpen: boolean;
    onToggle: () => void;
    children: React.ReactNode;
  }
>((props, ref): JSX.Element => (
  <button
    ref={ref}
    type="button"
    className={props.className}
    aria-expanded={props.isOpen}
    onClick={props.onToggle}
  >
    <span className="lit-disclosure-mark" aria-hidden />
    {props.children}
  </button>
));
Disclosure.displayName = 'Disclosure';
