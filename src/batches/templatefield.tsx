import React, { useRef } from 'react';

import { usePanel } from '../components/context';
import { MAX_TEMPLATE } from './form';

/** Most columns that are offered as chips. */
const MAX_CHIPS = 40;

/** A template over columns; a chip inserts its column at the cursor. */
export function TemplateField(props: {
  label: string;
  columns: readonly string[];
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { label, columns, value, onChange } = props;
  const field = useRef<HTMLTextAreaElement>(null);
  const insert = (column: string) => {
    const { selectionStart, selectionEnd } = field.current!;
    onChange(
      `${value.slice(0, selectionStart)}{${column}}${value.slice(selectionEnd)}`
    );
    field.current!.focus();
  };
  return (
    <div className="lit-batch-template">
      <textarea
        ref={field}
        className="lit-field"
        aria-label={label}
        dir="auto"
        rows={5}
        maxLength={MAX_TEMPLATE}
        value={value}
        spellCheck={false}
        placeholder={trans.__('{column} stands for the row’s value')}
        onChange={event => onChange(event.target.value)}
      />
      <div
        className="lit-template-columns"
        role="group"
        aria-label={trans.__('Insert a column: %1', label)}
      >
        {columns.slice(0, MAX_CHIPS).map(column => (
          <button
            key={column}
            type="button"
            className="lit-chip"
            title={trans.__('Insert the column “%1”', column)}
            onClick={() => insert(column)}
          >
            {column}
          </button>
        ))}
      </div>
    </div>
  );
}
