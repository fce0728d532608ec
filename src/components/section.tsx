import React from 'react';

/** A view of the panel, below its heading. */
export const Section = React.forwardRef<
  HTMLElement,
  {
    name: string;
    className?: string;
    /** What the heading shows beside the name, such as a count. */
    count?: React.ReactNode;
    children: React.ReactNode;
  }
>((props, ref): JSX.Element => {
  const { name, className = '', count } = props;
  return (
    <section
      ref={ref}
      className={`lit-datasets ${className}`.trim()}
      aria-label={name}
    >
      <h3 className="lit-section-head" tabIndex={-1}>
        {name}
        {count && <span className="lit-section-count">{count}</span>}
      </h3>
      {props.children}
    </section>
  );
});
Section.displayName = 'Section';
