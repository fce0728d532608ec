/** Whether prompts are put into their model's chat format. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ChatMode, ModelInfo } from '../api';
import type { ISettings } from '../session/settings';
import { usePanel } from './context';

/** The choice, and what it comes to for the model at hand. */
export function ChatOption(props: {
  settings: ISettings;
  /** The model that runs; null where it isn't known. */
  model: ModelInfo | null;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { settings, model, onSettings } = props;
  const hint = describeEffect(settings.chat, model, trans);
  return (
    <>
      <label
        title={trans.__(
          'Puts the prompt into the turns that instruction-tuned models were taught, such as <start_of_turn>user. A prompt that has turns of its own is not put into another. No system turn is added: write it yourself where the model expects one.'
        )}
      >
        {trans.__('Chat format')}
        <select
          value={settings.chat}
          onChange={event =>
            onSettings({ chat: event.target.value as ChatMode })
          }
        >
          <option value="auto">{trans.__('automatic')}</option>
          <option value="on">{trans.__('on')}</option>
          <option value="off">{trans.__('off')}</option>
        </select>
      </label>
      {hint && <p className="lit-hint">{hint}</p>}
    </>
  );
}

/** What becomes of the next prompt; empty where that isn't known, or plain. */
function describeEffect(
  mode: ChatMode,
  model: ModelInfo | null,
  trans: TranslationBundle
): string {
  if (model === null || model.state !== 'ready' || mode === 'off') {
    return '';
  }
  const { name, chat, instruct } = model;
  if (chat === '') {
    return mode === 'on'
      ? trans.__(
          '%1 has none that is known here, and refuses prompts while it is on.',
          name
        )
      : trans.__('%1 has none that is known here.', name);
  }
  if (mode === 'on') {
    return trans.__(
      'Prompts go to %1 as turns in the format of %2.',
      name,
      chat
    );
  }
  return instruct
    ? trans.__(
        '%1 is instruction-tuned: prompts go to it as turns in the format of %2.',
        name,
        chat
      )
    : trans.__(
        'Nothing says that %1 is instruction-tuned: prompts go to it as they are. If it is, choose on.',
        name
      );
}
