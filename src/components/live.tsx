import React from 'react';

import { useSpeaks } from './context';

/** The properties of {@link Live}. */
interface ILiveProps extends React.HTMLAttributes<HTMLElement> {
  as?: 'p' | 'span' | 'div';
  /** Whether it interrupts what a screen reader says. */
  isAlert?: boolean;
}

/** An element whose changes screen readers announce, in one of several panels that show the same. */
export function Live({
  as: Tag = 'p',
  isAlert,
  ...rest
}: ILiveProps): JSX.Element {
  return (
    <Tag
      role={useSpeaks() ? (isAlert ? 'alert' : 'status') : undefined}
      {...rest}
    />
  );
}
