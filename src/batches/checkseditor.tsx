import { closeIcon } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useRef } from 'react';

import { Checkbox } from '../components/checkbox';
import { usePanel } from '../components/context';
import {
  CHECK_KINDS,
  faultOf,
  hasCase,
  hasValue,
  kindWords,
  MAX_CHECKS
} from './checks';
import type { CheckKind, ICheckDraft } from './checks';
import type { BatchForm } from './form';

/** An example of a schema. */
const SCHEMA = '{"type": "object"}';

/** The checks of answers, each in a row of its own. */
export function ChecksEditor({ form }: { form: BatchForm }): JSX.Element {
  const { trans } = usePanel();
  const { checks } = form.choices;
  const add = useRef<HTMLButtonElement>(null);
  const isRemoved = useRef(false);
  useEffect(() => {
    // With the check goes the button that had the focus.
    if (isRemoved.current) {
      isRemoved.current = false;
      add.current?.focus();
    }
  }, [checks.length]);
  return (
    <fieldset>
      <legend>{trans.__('Checks')}</legend>
      {checks.length === 0 && (
        <p className="lit-hint">
          {trans.__(
            'What each answer should be, such as “contains the target”.'
          )}
        </p>
      )}
      {checks.map((check, i) => (
        <CheckRow
          key={check.key}
          form={form}
          check={check}
          number={i + 1}
          onRemove={() => {
            isRemoved.current = true;
            form.changeCheck(check.key, null);
          }}
        />
      ))}
      <button
        ref={add}
        type="button"
        className="lit-link"
        disabled={checks.length >= MAX_CHECKS}
        onClick={() => form.addCheck()}
      >
        {trans.__('Add a check')}
      </button>
    </fieldset>
  );
}

function CheckRow(props: {
  form: BatchForm;
  check: ICheckDraft;
  number: number;
  onRemove: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { form, check, number } = props;
  const { key, kind, value } = check;
  const words = kindWords(trans);
  const id = useId();
  const fault = faultOf(check, trans);
  // An empty field is no mistake yet: only Run says what is missing.
  const isWrong = fault !== '' && value.trim() !== '';
  const shared = {
    className: 'lit-field',
    'aria-label': trans.__('Check %1: what is expected', number),
    'aria-invalid': isWrong,
    'aria-describedby': isWrong ? id : undefined,
    dir: 'auto',
    value,
    spellCheck: false,
    onChange: (
      event: React.ChangeEvent<HTMLInputElement | HTMLTextAreaElement>
    ) => form.changeCheck(key, { value: event.target.value })
  } as const;
  return (
    <div
      className="lit-batch-check"
      role="group"
      aria-label={trans.__('Check %1', number)}
    >
      <div className="lit-batch-check-kind">
        <select
          aria-label={trans.__('Check %1: kind', number)}
          value={kind}
          onChange={event =>
            form.changeCheck(key, { kind: event.target.value as CheckKind })
          }
        >
          {CHECK_KINDS.map(one => (
            <option key={one} value={one}>
              {words[one]}
            </option>
          ))}
        </select>
        <button
          type="button"
          className="lit-icon-button"
          aria-label={trans.__('Remove check %1', number)}
          title={trans.__('Remove this check')}
          onClick={props.onRemove}
        >
          <closeIcon.react tag="span" />
        </button>
      </div>
      {hasValue(kind) &&
        (kind === 'json_schema' ? (
          <textarea {...shared} rows={3} placeholder={SCHEMA} />
        ) : (
          <input
            {...shared}
            type="text"
            inputMode={kind === 'max_length' ? 'numeric' : undefined}
            placeholder={
              kind === 'influenced_by'
                ? trans.__('Words of the prompt; {column} works, too')
                : undefined
            }
          />
        ))}
      {kind === 'influenced_by' && (
        <label>
          <span>{trans.__('at least (nats, or a percentage)')}</span>
          <input
            type="text"
            className="lit-field lit-batch-least"
            value={check.atLeast}
            onChange={event =>
              form.changeCheck(key, { atLeast: event.target.value })
            }
          />
        </label>
      )}
      {hasCase(kind) && (
        <Checkbox
          label={trans.__('Ignore capitals')}
          checked={check.ignoreCase}
          onChange={ignoreCase => form.changeCheck(key, { ignoreCase })}
        />
      )}
      {isWrong && (
        <p id={id} className="lit-invalid" aria-live="polite">
          {fault}
        </p>
      )}
    </div>
  );
}
