import React, { useEffect, useLayoutEffect, useRef } from 'react';

import { withLineFeeds } from '../session/prompt';

/** A text field that grows with its text, to a limit that its style sets. */
export function AutoText(props: {
  id?: string;
  value: string;
  label?: string;
  title?: string;
  placeholder?: string;
  className?: string;
  autoFocus?: boolean;
  onChange: (value: string) => void;
}): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => fit(field.current), [props.value]);
  useEffect(() => {
    const element = field.current;
    if (!element) {
      return;
    }
    // A wider or narrower panel breaks the text into other lines.
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== width) {
        width = element.clientWidth;
        fit(element);
      }
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <textarea
      ref={field}
      id={props.id}
      className={`lit-field ${props.className ?? ''}`}
      rows={1}
      dir="auto"
      spellCheck={false}
      aria-label={props.label}
      title={props.title || undefined}
      placeholder={props.placeholder}
      autoFocus={props.autoFocus}
      // Else the field's own line feeds would count as a change, and the cursor
      // would jump to the end at each drawing.
      value={withLineFeeds(props.value)}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** As high as its text. */
function fit(element: HTMLTextAreaElement | null): void {
  if (element) {
    element.style.height = 'auto';
    // The borders are not part of scrollHeight.
    const borders = element.offsetHeight - element.clientHeight;
    element.style.height = `${element.scrollHeight + borders}px`;
  }
}
