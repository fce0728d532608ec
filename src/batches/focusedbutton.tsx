import React, { useLayoutEffect, useRef } from 'react';

/** A button that hands its focus on when it goes by itself, as Stop does with the last row. */
export function FocusedButton({
  heir,
  ...rest
}: React.ButtonHTMLAttributes<HTMLButtonElement> & {
  /** What gets the focus. */
  heir: React.RefObject<HTMLElement>;
}): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = button;
    return () => {
      if (current !== null && document.activeElement === current) {
        heir.current?.focus();
      }
    };
  }, [heir]);
  return <button ref={button} type="button" className="lit-button" {...rest} />;
}
