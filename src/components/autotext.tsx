import React, { useEffect, useId, useLayoutEffect, useRef } from 'react';

import {
  charactersOf,
  firstCharacters,
  isLonger,
  USUAL_LIMIT
} from '../session/length';
import { withLineFeeds } from '../session/prompt';
import { usePanel } from './context';

/**
 * The most characters that a field lays out, whatever the server accepts: each key
 * press lays all of them out again.
 */
export const MAX_EDITABLE = 200_000;

/** How many characters are shown of a text that is too long for a field. */
const BEGINNING = 1_000;

/** A text with this many characters is higher than any field's limit. */
const FULL = 20_000;

interface IAutoTextProps {
  id?: string;
  value: string;
  label?: string;
  title?: string;
  /** The id of what says more of it. */
  describedBy?: string;
  placeholder?: string;
  className?: string;
  autoFocus?: boolean;
  /** The most characters that the server accepts; absent: the default. */
  limit?: number;
  onChange: (value: string) => void;
}

/**
 * A text field that grows with its text, up to a limit in its style.
 *
 * A text that is longer than the server accepts, or than a browser can edit
 * smoothly, is never laid out: the field shows its beginning, and what to do.
 */
export function AutoText(props: IAutoTextProps): JSX.Element {
  const { value, limit = USUAL_LIMIT, onChange } = props;
  const most = Math.min(limit, MAX_EDITABLE);
  /** The text before an edit that made it too long. */
  const before = useRef<string | null>(null);
  if (isLonger(value, most)) {
    return (
      <Shortened {...props} limit={limit} most={most} before={before.current} />
    );
  }
  const change = (text: string) => {
    before.current = isLonger(text, most) ? value : null;
    onChange(text);
  };
  return <Field {...props} most={most} onChange={change} />;
}

function Field(props: IAutoTextProps & { most: number }): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const latest = useRef(props);
  latest.current = props;
  // The width for which its height was measured. The view may get another one before the observer begins.
  const fitted = useRef(0);
  useLayoutEffect(() => {
    fit(field.current);
    fitted.current = field.current?.clientWidth ?? 0;
  }, [props.value]);
  useEffect(() => {
    const element = field.current;
    if (!element) {
      return;
    }
    // A wider or narrower panel breaks the text into other lines.
    const observer = new ResizeObserver(() => {
      const width = element.clientWidth;
      // In a hidden view it has none, and stays as high as it is: else what is below would move as it is shown again.
      if (width > 0 && width !== fitted.current) {
        fitted.current = width;
        fit(element);
      }
    });
    observer.observe(element);
    // Check pasted or dropped text before the field has it.
    const beforeInput = (event: InputEvent) => {
      const { most, onChange } = latest.current;
      const added =
        event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
      const { value, selectionStart, selectionEnd } = element;
      const text =
        value.slice(0, selectionStart) + added + value.slice(selectionEnd);
      if (added !== '' && isLonger(text, most)) {
        event.preventDefault();
        onChange(withLineFeeds(text));
      }
    };
    element.addEventListener('beforeinput', beforeInput);
    return () => {
      observer.disconnect();
      element.removeEventListener('beforeinput', beforeInput);
    };
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
      aria-describedby={props.describedBy}
      placeholder={props.placeholder}
      autoFocus={props.autoFocus}
      // Otherwise the field's own line feeds would count as a change, and the cursor
      // would jump to the end on each render.
      value={withLineFeeds(props.value)}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** The beginning of a text that is too long for a field, and what to do. */
function Shortened(
  props: IAutoTextProps & {
    limit: number;
    most: number;
    before: string | null;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { value, limit, most, before, onChange } = props;
  const id = useId();
  const length = charactersOf(value);
  const [has, takes] = [length, most].map(count => count.toLocaleString());
  return (
    <div className="lit-shortened">
      <textarea
        id={props.id}
        className={`lit-field ${props.className ?? ''}`}
        rows={3}
        readOnly
        dir="auto"
        spellCheck={false}
        aria-label={props.label}
        aria-describedby={id}
        aria-invalid={length > limit}
        value={`${withLineFeeds(firstCharacters(value, BEGINNING))}…`}
      />
      <p id={id} className="lit-hint">
        {length > limit
          ? trans.__(
              'Only the beginning is shown: the text has %1 characters, and the limit is %2. Nothing of it is lost. Shorten it at its source, or here.',
              has,
              limit.toLocaleString()
            )
          : trans.__(
              'Only the beginning is shown: the text has %1 characters, and at most %2 can be edited here. The model gets all of it. Edit it at its source.',
              has,
              takes
            )}
      </p>
      <div className="lit-shortened-tools">
        {before !== null && (
          <button
            type="button"
            className="lit-link"
            onClick={() => onChange(before)}
          >
            {trans.__('Back to the previous text')}
          </button>
        )}
        <button
          type="button"
          className="lit-link"
          onClick={() => onChange(firstCharacters(value, most))}
        >
          {trans.__('Shorten to the first %1 characters', takes)}
        </button>
      </div>
    </div>
  );
}

/** As high as its text, which browsers that know `field-sizing` do themselves: also when a theme changes its font. */
function fit(element: HTMLTextAreaElement | null): void {
  if (!element) {
    return;
  }
  if (element.value.length > FULL) {
    // Measuring would lay out all of it again, only to reach the style's limit.
    element.style.height = '100vh';
    return;
  }
  element.style.height = 'auto';
  if (globalThis.CSS?.supports?.('field-sizing', 'content')) {
    return;
  }
  // The borders are not part of scrollHeight.
  const borders = element.offsetHeight - element.clientHeight;
  element.style.height = `${element.scrollHeight + borders}px`;
}
