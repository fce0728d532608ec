/** Conversations: prompts that are a list of turns. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Role, Turn } from '../api';
import { thoughtEnd } from '../salience';
import type { IProblem } from './problem';
import { tokensOf } from './run';
import type { IRun } from './run';
import type { ITurnSpan } from './source';

/** What the lines before turns say, where there is room for one text only. */
const LABELS: Readonly<Record<Role, string>> = {
  system: 'System',
  user: 'User',
  model: 'Model'
};

/** What stands before a turn's text where a conversation is one text. */
export function headOf(role: Role, index: number, count: number): string {
  const isBare = count === 1 && role === 'user';
  return isBare ? '' : `${index === 0 ? '' : '\n\n'}${LABELS[role]}\n`;
}

/**
 * A conversation as text, and where each turn's is in it: each turn after a line
 * that names its role; a user's turn alone as it is.
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

/** A conversation as text. */
export function textOfTurns(turns: readonly Turn[]): string {
  return joinTurns(turns).value;
}

/** The turns whose places in a text are known. */
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

/** What a run's model answered, without what it thought before. */
export function answerOf(run: IRun): string {
  const seam = run.promptTokens.length;
  const end = thoughtEnd(tokensOf(run), seam) ?? seam;
  return run.answerTokens
    .slice(end - seam)
    .map(({ text }) => text)
    .join('');
}

/** A run's conversation with its answer, and a user's turn to be written. */
export function turnsAfter(run: IRun): Turn[] {
  const turns: Turn[] = [
    ...(run.turns ?? [{ role: 'user', text: run.prompt }])
  ];
  const last = turns[turns.length - 1];
  if (last?.role === 'model') {
    // The answer continues it.
    turns.pop();
    turns.push({ role: 'model', text: last.text + answerOf(run) });
  } else {
    turns.push({ role: 'model', text: answerOf(run) });
  }
  return [...turns, { role: 'user', text: '' }];
}

/** What is wrong with a conversation before any request is made, or null. */
export function checkTurns(
  turns: readonly Turn[],
  isOff: boolean,
  trans: TranslationBundle
): IProblem | null {
  const empty = turns.findIndex(({ text }) => text.trim() === '');
  if (empty >= 0) {
    return {
      message: trans.__('Turn %1 has no text.', empty + 1),
      hint: trans.__('Write one, or remove the turn.'),
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
