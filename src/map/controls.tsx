import React, { useId } from 'react';

import { MAX_PATTERN } from '../salience/pattern';

import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import type { ISettings } from '../session/settings';
import { MethodChoice } from './methodchoice';

/** Granularity and method of the map. */
export const Controls = React.memo(
  (props: {
    settings: ISettings;
    /** What is wrong with the regular expression; or empty. */
    patternProblem: string;
    onSettings: (settings: Partial<ISettings>) => void;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { settings, onSettings } = props;
    return (
      <>
        <Choice
          label={trans.__('Granularity')}
          value={settings.granularity}
          onChange={granularity => onSettings({ granularity })}
          options={[
            { value: 'tokens', name: trans.__('Tokens') },
            { value: 'words', name: trans.__('Words') },
            { value: 'sentences', name: trans.__('Sentences') },
            { value: 'lines', name: trans.__('Lines') },
            { value: 'paragraphs', name: trans.__('Paragraphs'), sign: '¶' },
            {
              value: 'custom',
              name: trans.__('By a regular expression'),
              sign: '.*'
            }
          ]}
        />
        {settings.granularity === 'custom' && (
          <Pattern
            pattern={settings.pattern}
            problem={props.patternProblem}
            onChange={pattern => onSettings({ pattern })}
          />
        )}
        <MethodChoice
          method={settings.method}
          onChange={method => onSettings({ method })}
        />
        <button
          type="button"
          className="lit-button lit-toggle"
          aria-pressed={settings.surprisal}
          title={trans.__(
            'Mark each token of the answer by its surprisal, the negative logarithm of its probability, and list where the model hesitated'
          )}
          onClick={() => onSettings({ surprisal: !settings.surprisal })}
        >
          {trans.__('Surprisal')}
        </button>
      </>
    );
  }
);
Controls.displayName = 'Controls';

/** The user's regular expression; what is wrong with it is shown below. */
function Pattern(props: {
  pattern: string;
  problem: string;
  onChange: (pattern: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { pattern, problem, onChange } = props;
  const id = useId();
  return (
    <div className="lit-pattern">
      <input
        className="lit-field"
        aria-label={trans.__('Regular expression')}
        aria-describedby={id}
        aria-invalid={problem !== ''}
        value={pattern}
        maxLength={MAX_PATTERN}
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.stopPropagation(); // otherwise the panel clears the target
          }
        }}
      />
      <p
        id={id}
        className="lit-hint"
        data-problem={problem !== ''}
        role={problem ? 'alert' : undefined}
      >
        {problem
          ? trans.__('%1 Until then segments are sentences.', problem)
          : trans.__(
              'Each match ends a segment. With (?=…) a segment begins at what follows instead.'
            )}
      </p>
    </div>
  );
}
