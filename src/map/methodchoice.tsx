import { infoIcon } from '@jupyterlab/ui-components';
import React, { useId, useState } from 'react';

import { usePanel } from '../components/context';
import { METHOD_NAMES, METHODS } from '../session/methods';
import type { IMethod, MapMethod } from '../session/methods';
import { methodWords } from './methods';

/**
 * The choice of a method, in groups: gradients, attention and ablation. A button
 * shows what the chosen one measures, its basis and its source.
 */
export function MethodChoice(props: {
  method: MapMethod;
  onChange: (method: MapMethod) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { method, onChange } = props;
  const words = methodWords(trans);
  // A page may have several: in the panel, and beside a comparison.
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const groups: [IMethod['kind'], string][] = [
    ['gradient', trans.__('Gradients')],
    ['attention', trans.__('Attention')],
    ['ablation', trans.__('Taking parts away')]
  ];
  const { measures, source, link } = words[method];
  return (
    <>
      <label className="lit-method-choice">
        <span className="lit-method-label">{trans.__('Method')}</span>
        <select
          aria-describedby={id}
          value={method}
          onChange={event => onChange(event.target.value as MapMethod)}
          onKeyDown={event => {
            // Escape closes the open list; elsewhere it clears the target.
            if (event.key === 'Escape') {
              event.stopPropagation();
            }
          }}
        >
          {groups.map(([kind, label]) => (
            <optgroup key={kind} label={label}>
              {METHOD_NAMES.filter(name => METHODS[name].kind === kind).map(
                name => (
                  <option key={name} value={name} title={words[name].measures}>
                    {words[name].name}
                  </option>
                )
              )}
            </optgroup>
          ))}
        </select>
      </label>
      <button
        type="button"
        className="lit-about-toggle"
        aria-expanded={isOpen}
        aria-label={trans.__('About this method')}
        title={`${measures} (${source})`}
        onClick={() => setOpen(!isOpen)}
      >
        <infoIcon.react tag="span" />
      </button>
      <p id={id} className="lit-method-about" hidden={!isOpen}>
        {measures}{' '}
        <span className="lit-method-facts">
          {[
            METHODS[method].kind === 'gradient'
              ? trans.__('A gradient')
              : trans.__('Not a gradient'),
            METHODS[method].isAutomatic
              ? trans.__('comes with the answer')
              : trans.__('computed on request')
          ].join(' · ')}
          {' · '}
          <a
            className="lit-link"
            href={link}
            target="_blank"
            rel="noopener noreferrer"
          >
            {source}
          </a>
        </span>
      </p>
    </>
  );
}
