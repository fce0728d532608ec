/** The option for the chat format. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { ChatMode, ModelInfo } from '../api';
import { Checkbox } from '../components/checkbox';
import { usePanel } from '../components/context';
import type { ISettings } from '../session/settings';

/** The choice of a chat format, and its effect with the chosen model. */
export function ChatOption(props: {
  settings: ISettings;
  /** The chosen model; null if unknown. */
  model: ModelInfo | null;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { settings, model, onSettings } = props;
  const hint = describeEffect(settings.chat, model, trans);
  const canThink = model?.template?.thinking === true;
  return (
    <>
      <label
        title={trans.__(
          'Wraps the prompt in turns, such as <start_of_turn>user, by the model’s own template if it has one. A prompt that already contains turns is not wrapped.'
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
      {canThink && settings.chat !== 'off' && (
        <Checkbox
          label={trans.__('Let the model think first')}
          title={trans.__(
            'The answer then begins with the model’s thoughts, which are folded. This takes more tokens.'
          )}
          checked={settings.thinking}
          onChange={thinking => onSettings({ thinking })}
        />
      )}
    </>
  );
}

/** What happens to the next prompt; empty if unknown, or if the prompt stays unchanged. */
function describeEffect(
  mode: ChatMode,
  model: ModelInfo | null,
  trans: TranslationBundle
): string {
  if (model === null || model.state !== 'ready' || mode === 'off') {
    return '';
  }
  return [effectOf(mode, model, trans), describeTemplate(model, trans)]
    .filter(part => part !== '')
    .join(' ');
}

function effectOf(
  mode: ChatMode,
  { name, chat, template, instruct }: ModelInfo,
  trans: TranslationBundle
): string {
  if (chat === '') {
    return mode === 'on'
      ? trans.__(
          'LIT Lab knows no chat format for %1, so it refuses prompts while this is on.',
          name
        )
      : trans.__('LIT Lab knows no chat format of %1.', name);
  }
  if (mode === 'auto' && !instruct) {
    return trans.__(
      'It isn’t known whether %1 is instruction-tuned, so prompts are sent unchanged. If it is, choose on.',
      name
    );
  }
  if (template?.fault === '') {
    return mode === 'on'
      ? trans.__('Prompts go to %1 in its own template.', name)
      : trans.__(
          '%1 is instruction-tuned: prompts go to it in its own template.',
          name
        );
  }
  return mode === 'on'
    ? trans.__('Prompts go to %1 as turns in the format of %2.', name, chat)
    : trans.__(
        '%1 is instruction-tuned: prompts go to it as turns in the format of %2.',
        name,
        chat
      );
}

/** Facts about the model's own template. */
function describeTemplate(
  { template }: ModelInfo,
  trans: TranslationBundle
): string {
  if (template === null) {
    return '';
  }
  if (template.fault !== '') {
    return trans.__('Its own template isn’t used: it %1.', template.fault);
  }
  const parts: string[] = [];
  if (template.system === 'added') {
    parts.push(trans.__('It adds a system turn.'));
  }
  if (template.date !== '') {
    parts.push(
      trans.__(
        'The template contains a date. LIT Lab always uses %1, so that answers stay the same.',
        template.date
      )
    );
  }
  return parts.join(' ');
}
