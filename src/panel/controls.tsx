import React from 'react';

import { usePanel } from './context';
import { Choice } from './choice';
import type { ISettings } from '../session/settings';
import { MethodChoice } from './methodchoice';

/** How fine the segments are, and by which method they are scored. */
export const Controls = React.memo(
  (props: {
    settings: ISettings;
    /** Whether there is a whole answer. */
    ready: boolean;
    onSettings: (settings: Partial<ISettings>) => void;
  }): JSX.Element => {
    const { trans, openMatrix } = usePanel();
    const { settings, ready, onSettings } = props;
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
        <button
          type="button"
          className="lit-button lit-toggle"
          aria-pressed={settings.surprise}
          title={trans.__(
            'Mark each token of the answer by how improbable it was, and list where the model hesitated'
          )}
          onClick={() => onSettings({ surprise: !settings.surprise })}
        >
          {trans.__('Surprise')}
        </button>
        {openMatrix && ready && (
          <button
            type="button"
            className="lit-button"
            title={trans.__(
              'Show what led to each sentence of the answer, all at once'
            )}
            onClick={openMatrix}
          >
            {trans.__('Matrix')}
          </button>
        )}
        <MethodChoice
          method={settings.method}
          onChange={method => onSettings({ method })}
        />
      </div>
    );
  }
);
Controls.displayName = 'Controls';
