import React from 'react';

import { usePanel } from './context';
import { Choice } from './choice';
import type { ISettings } from '../session/settings';

/** How fine the segments are, and by which method they are scored. */
export const Controls = React.memo(
  (props: {
    settings: ISettings;
    onSettings: (settings: Partial<ISettings>) => void;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { settings, onSettings } = props;
    return (
      <div className="lit-controls">
        <Choice
          label={trans.__('Granularity')}
          value={settings.granularity}
          onChange={granularity => onSettings({ granularity })}
          options={[
            { value: 'tokens', name: trans.__('Tokens') },
            { value: 'words', name: trans.__('Words') },
            { value: 'sentences', name: trans.__('Sentences') },
            { value: 'lines', name: trans.__('Lines') },
            { value: 'paragraphs', name: trans.__('Paragraphs'), sign: '¶' }
          ]}
        />
        <Choice
          label={trans.__('Method')}
          value={settings.method}
          onChange={method => onSettings({ method })}
          options={[
            {
              value: 'grad_l2',
              name: trans.__('L2 norm'),
              title: trans.__(
                'grad_l2: length of the gradient at a token. How much it matters, either way.'
              )
            },
            {
              value: 'grad_dot_input',
              name: trans.__('grad · input'),
              title: trans.__(
                'grad_dot_input: gradient times embedding. Signed: for or against the target.'
              )
            }
          ]}
        />
      </div>
    );
  }
);
Controls.displayName = 'Controls';
