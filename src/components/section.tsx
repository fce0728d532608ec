import React from 'react';

import { Disclosure } from './disclosure';

/** A section of the panel, which folds below its heading. */
export const Section = React.forwardRef<
  HTMLElement,
  {
    name: string;
    className?: string;
    /** What the heading shows beside the name, such as a count. */
    count?: React.ReactNode;
    isOpen: boolean;
    onToggle: () => void;
    /** The heading's button. */
    button?: React.Ref<HTMLButtonElement>;
    children: React.ReactNode;
  }
>((props, ref): JSX.Element => {
  const { name, className = '', count, isOpen, onToggle } = props;
  return (
    <section
      ref={ref}
      className={`lit-datasets ${className}`.trim()}
      aria-label={name}
    >
      <h3>
        <Disclosure
          ref={props.button}
          className="lit-disclosure"
          isOpen={isOpen}
          onToggle={onToggle}
        >
          {name}
          {count && (
            <span className="lit-count" aria-hidden>
              {count}
            </span>
          )}
        </Disclosure>
      </h3>
      {props.children}
    </section>
  );
});
Section.displayName = 'Section';
