import React, { useId, useMemo, useRef, useState } from 'react';

import { usePanel } from '../components/context';
import { exampleLabel } from '../session/fewshot';
import { isUnderWay } from '../session/run';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import {
  MAX_STOP,
  MAX_STOPS,
  escapeStop,
  quoteStop,
  unescapeStop
} from '../session/stop';

/** A field to add and remove stop sequences. */
export function StopField(props: {
  stop: readonly string[];
  onChange: (stop: readonly string[]) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { stop, onChange } = props;
  const [typed, setTyped] = useState('');
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const meant = unescapeStop(typed);
  const isFull = stop.length >= MAX_STOPS;
  const isTooLong = meant.length > MAX_STOP;
  const canAdd = meant !== '' && !isTooLong && !isFull;
  const keep = () => {
    if (canAdd) {
      if (!stop.includes(meant)) {
        onChange([...stop, meant]);
      }
      setTyped('');
    }
  };
  const add = () => {
    keep();
    field.current?.focus();
  };
  const remove = (one: string) => {
    onChange(stop.filter(other => other !== one));
    // Its button disappears, and with it the focus.
    field.current?.focus();
  };
  return (
    <div className="lit-stops">
      <div className="lit-stops-row">
        <label htmlFor={`${id}-field`}>{trans.__('Stop at')}</label>
        <input
          ref={field}
          id={`${id}-field`}
          type="text"
          spellCheck={false}
          autoComplete="off"
          value={typed}
          // Not disabled, because the focus moves here from the removed one.
          readOnly={isFull}
          aria-invalid={isTooLong}
          aria-describedby={`${id}-hint`}
          onChange={event => setTyped(event.target.value)}
          onPaste={event => {
            // A field with one line would drop line breaks.
            const pasted = event.clipboardData.getData('text/plain');
            const { selectionStart, selectionEnd } = event.currentTarget;
            if (isFull || !/[\n\r\t]/.test(pasted)) {
              return;
            }
            event.preventDefault();
            setTyped(
              typed.slice(0, selectionStart ?? typed.length) +
                escapeStop(pasted) +
                typed.slice(selectionEnd ?? typed.length)
            );
          }}
          // Typed text counts even without Enter.
          onBlur={() => keep()}
          onKeyDown={event => {
            const { key, ctrlKey, metaKey, nativeEvent } = event;
            if (key === 'Enter' && !nativeEvent.isComposing) {
              if (ctrlKey || metaKey) {
                keep(); // the event then runs the prompt
                return;
              }
              event.preventDefault();
              add();
            }
          }}
        />
        <button
          type="button"
          className="lit-button"
          disabled={!canAdd}
          onClick={add}
        >
          {trans.__('Add')}
        </button>
      </div>
      {stop.length > 0 && (
        <ul className="lit-stops-list" aria-label={trans.__('Stop at')}>
          {stop.map(one => (
            <li key={one} className="lit-stops-one">
              <bdi>{escapeStop(one)}</bdi>
              <button
                type="button"
                className="lit-stops-remove"
                title={trans.__('Remove')}
                aria-label={trans.__('Remove %1', quoteStop(one, trans))}
                onClick={() => remove(one)}
              >
                <span aria-hidden>×</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {isTooLong ? (
        <p id={`${id}-hint`} className="lit-invalid" aria-live="polite">
          {trans.__('Enter at most %1 characters.', MAX_STOP)}
        </p>
      ) : (
        <p id={`${id}-hint`} className="lit-hint">
          {isFull
            ? trans.__(
                'At most %1 texts are possible. Remove one to add another.',
                MAX_STOPS
              )
            : trans.__(
                'The answer ends where one of these texts begins, or a few characters later. Write \\n for a line break.'
              )}
        </p>
      )}
    </div>
  );
}

/**
 * Suggests to stop at the label that begins each example of a few-shot prompt.
 *
 * Suggests nothing if the user has already added the label, or if the shown answer
 * ended by itself.
 */
export function StopProposal(props: {
  session: Session;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Called after the click, when the button is gone, to move the focus. */
  onTaken: () => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { session, onSettings, onTaken } = props;
  const { stop } = session.settings;
  // A conversation's examples are turns, which end by themselves.
  const prompt = session.prompt.turns ? '' : session.prompt.value;
  const label = useMemo(() => exampleLabel(prompt), [prompt]);
  const { shown: run, isStale, isRunning } = session.runs;
  const isNeedless =
    run !== null &&
    !isStale &&
    (isUnderWay(run) ||
      run.reason === 'end' ||
      run.reason === 'stop' ||
      run.forcedAnswer !== undefined);
  const isOffered =
    label !== null &&
    label.length < MAX_STOP &&
    stop.length < MAX_STOPS &&
    !stop.some(one => `\n${label}`.includes(one));
  if (!isOffered || isNeedless || isRunning) {
    return null;
  }
  return (
    <p className="lit-hint lit-sampled">
      <button
        type="button"
        className="lit-link"
        title={trans.__(
          'The prompt’s examples begin with this. The answer then ends before another example. This applies to other prompts, too, until you remove it in Options.'
        )}
        onClick={() => {
          // Only at the beginning of a line: “FAQ:” isn't “Q:”.
          onSettings({ stop: [...stop, `\n${label}`] });
          onTaken();
        }}
      >
        {trans.__('Stop at %1?', quoteStop(label, trans))}
      </button>
    </p>
  );
}
