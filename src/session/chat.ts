/** Chat formats: whether a prompt is put into one, and what the panel shows about it. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ChatMode, ChatUse, ModelInfo } from '../api';
import { isContinued, templateEnds, writtenTurns } from '../salience';
import type { PromptModel } from './prompt';
import type { IRun } from './run';

/**
 * Whether a forced answer begins its own turn, apart from the prompt's end.
 *
 * @param model - of the next run; null if unknown.
 * @param last - the last run, which describes a model that isn't loaded now.
 */
export function beginsTurn(
  mode: ChatMode,
  model: ModelInfo | null,
  last: IRun | null,
  { value, turns }: Pick<PromptModel, 'value' | 'turns'>
): boolean {
  if (turns) {
    return turns[turns.length - 1].role !== 'model';
  }
  const isKnown = model !== null && model.state === 'ready';
  const isTuned = isKnown
    ? model.instruct && model.chat !== ''
    : last !== null && last.model === model?.name && last.chatUse !== 'plain';
  const isApplied = mode === 'on' || (mode === 'auto' && isTuned);
  return isApplied && !isContinued(value);
}

/** Whether the text after a run's prompt begins its own turn. */
export function endsInTurn({ chatUse, prompt, turns }: IRun): boolean {
  return turns
    ? turns[turns.length - 1].role !== 'model'
    : chatUse !== 'plain' && !isContinued(prompt);
}

/** How the prompt was put into a chat format, for a run's facts; empty if it wasn't. */
export function describeChat(
  use: ChatUse,
  trans: TranslationBundle,
  thinks = false
): string {
  const described = {
    plain: '',
    wrapped: trans.__('chat format'),
    written: trans.__('turns as written'),
    turns: trans.__('conversation')
  }[use];
  return thinks ? trans.__('%1 with thinking', described) : described;
}

/** The name of a role. */
export function describeRole(role: string, trans: TranslationBundle): string {
  switch (role.toLowerCase()) {
    case 'user':
      return trans.__('User');
    case 'model':
    case 'assistant':
      return trans.__('Model');
    case 'system':
      return trans.__('System');
    case '':
      return trans.__('End of turn');
    default:
      return role;
  }
}

/**
 * A remark about a run's turns for the user; empty if there is none.
 *
 * @param model - the run's model; null if unknown.
 */
export function chatNote(
  run: IRun,
  model: ModelInfo | null,
  trans: TranslationBundle
): string {
  const { promptTokens: tokens, chatUse, turns = [] } = run;
  if (chatUse === 'turns') {
    return run.system === 'user'
      ? trans.__(
          'This model’s chat format has no system turn: the text of System is part of a user’s turn.'
        )
      : turns[turns.length - 1]?.role === 'model'
        ? trans.__('The answer continues the model’s last turn.')
        : '';
  }
  if (chatUse === 'written') {
    const [, [from, to]] = templateEnds(tokens, tokens.length);
    return from < to
      ? trans.__(
          'The prompt contains turns, so it was not wrapped in another one. At its end the model’s turn was opened.'
        )
      : trans.__('The prompt contains turns, so nothing was added to them.');
  }
  const isAsked = chatUse === 'plain' && (run.chat ?? 'auto') === 'auto';
  return isAsked &&
    model !== null &&
    model.chat !== '' &&
    !model.instruct &&
    writtenTurns(tokens, tokens.length).length > 0
    ? trans.__(
        'The turns are sent as plain text, because nothing says that %1 is instruction-tuned. If it is, set Chat format to on in the options.',
        model.name
      )
    : '';
}
