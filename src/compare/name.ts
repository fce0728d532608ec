/** Names of sides and comparisons. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { textOf } from '../session/runText';
import type { Comparison } from './comparison';
import type { CompareSide } from './side';

/** Characters of a name in the label of a tab, alone and beside another. */
const LABEL = 40;
const HALF = 16;

/** A side's name: its run's, or else the beginning of its answer. */
export function nameOf(side: CompareSide, trans: TranslationBundle): string {
  const { run, title } = side;
  if (title) {
    return title;
  }
  if (!run) {
    return trans.__('a run');
  }
  const answer = textOf(run.answerTokens, [0, run.answerTokens.length]);
  return oneLine(answer) || oneLine(run.prompt);
}

/**
 * A comparison's name, short enough for a tab: both sides' names; a trial's own name,
 * which says what it is compared with.
 */
export function labelOf(
  { sides, trial }: Comparison,
  trans: TranslationBundle
): string {
  if (trial) {
    return cut(sides.right.title || trans.__('Trial'), LABEL);
  }
  const [left, right] = [sides.left, sides.right].map(side =>
    cut(nameOf(side, trans), HALF)
  );
  return trans.__('%1 ↔ %2', left, right);
}

/** Names of both sides in full. */
export function captionOf(
  { sides }: Comparison,
  trans: TranslationBundle
): string {
  return trans.__(
    'A: %1\nB: %2',
    nameOf(sides.left, trans),
    nameOf(sides.right, trans)
  );
}

function oneLine(text: string): string {
  return text.slice(0, 160).replace(/\s+/g, ' ').trim();
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length
    ? text
    : `${characters
        .slice(0, length - 1)
        .join('')
        .trimEnd()}…`;
}
