/** Conversations: prompts that are a list of turns. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Role, Turn } from '../api';
import { thoughtEnd } from '../salience';
import type { IProblem } from './problem';
import { tokensOf } from './run';
import type { IRun } from './run';
import type { ITurnSpan } from './source';

/** The labels of roles in a conversation that is shown as one text. */
const LABELS: Readonly<Record<Role, string>> = {
  system: 'System',
  user: 'User',
  model: 'Model'
};

/** What precedes a turn's text in a conversation that is shown as one text. */
export function headOf(role: Role, index: number, count: number): string {
  const isBare = count === 1 && role === 'user';
  return isBare ? '' : `${index === 0 ? '' : '\n\n'}${LABELS[role]}\n`;
}

/**
 * Join a conversation into one text, and return where each turn's text is in it. A line
 * with the role precedes each turn; a single user's turn stays as it is.
 *
 * `lit_lab/conversation.py` does the same.
 */
export function joinTurns(turns: readonly Turn[]): {
  value: string;
  turns: ITurnSpan[];
} {
  const spans: ITurnSpan[] = [];
  const parts: string[] = [];
  let at = 0;
  turns.forEach(({ role, text }, index) => {
    const head = headOf(role, index, turns.length);
    const start = at + head.length;
    at = start + text.length;
    parts.push(head, text);
    spans.push({ role, value: [start, at] });
  });
  return { value: parts.join(''), turns: spans };
}

/** A conversation as one text. */
export function textOfTurns(turns: readonly Turn[]): string {
  return joinTurns(turns).value;
}

/** The turns whose positions in a text are known. */
export function turnsIn(value: string, spans: readonly ITurnSpan[]): Turn[] {
  return spans.map(({ role, value: [start, end] }) => ({
    role,
    text: value.slice(start, end)
  }));
}

/** Whether two prompts are both texts, or both the same conversation. */
export function isSameTurns(
  one: readonly Turn[] | null | undefined,
  other: readonly Turn[] | null | undefined
): boolean {
  const [left, right] = [one ?? [], other ?? []];
  return (
    left.length === right.length &&
    left.every(
      ({ role, text }, i) => role === right[i].role && text === right[i].text
    )
  );
}

/** The answer of a run, without the thoughts before it. */
export function answerOf(run: IRun): string {
  const seam = run.promptTokens.length;
  const end = thoughtEnd(tokensOf(run), seam) ?? seam;
  return run.answerTokens
    .slice(end - seam)
    .map(({ text }) => text)
    .join('');
}

/** A run's conversation, followed by the answer and an empty turn of the user. */
export function turnsAfter(run: IRun): Turn[] {
  const turns: Turn[] = [
    ...(run.turns ?? [{ role: 'user', text: run.prompt }])
  ];
  const last = turns[turns.length - 1];
  if (last?.role === 'model') {
    // The answer continues the model's last turn.
    turns.pop();
    turns.push({ role: 'model', text: last.text + answerOf(run) });
  } else {
    turns.push({ role: 'model', text: answerOf(run) });
  }
  return [...turns, { role: 'user', text: '' }];
}

/** The problem of a conversation that can be found without a request, or null. */
export function checkTurns(
  turns: readonly Turn[],
  isOff: boolean,
  trans: TranslationBundle
): IProblem | null {
  const empty = turns.findIndex(({ text }) => text.trim() === '');
  if (empty >= 0) {
    return {
      message: trans.__('Turn %1 has no text.', empty + 1),
      hint: trans.__('Write a text, or remove the turn.'),
      remedies: []
    };
  }
  if (isOff) {
    return {
      message: trans.__(
        'A conversation needs a chat format, which says how turns begin and end; it is off.'
      ),
      hint: trans.__(
        'Set Chat format to automatic or on in the options, or write the prompt as a single text.'
      ),
      remedies: []
    };
  }
  return null;
}
