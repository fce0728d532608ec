/** In which order a cell's texts are offered, and which of them are folded away. */
import { UNSPACED } from '../salience/boundaries';
import type { TextKind } from '../session/source';
import type { Standing } from './strings/types';

/** What the order of texts depends on. */
interface IText {
  readonly kind: TextKind;
  readonly value: string;
  /** Its value with each field as one letter. */
  readonly words: string;
  readonly variable?: string;
  readonly standing?: Standing;
  /** Whether it is part of a composed text. */
  readonly isPart?: boolean;
}

/** A cell's texts as they are offered. */
export interface IArranged<T> {
  /** Those that may be prompts, the most probable one first. */
  readonly listed: readonly T[];
  /** Keys, roles, names and single words. */
  readonly folded: readonly T[];
}

/** Fewest texts that are folded: one takes no more room than the row for it. */
const MIN_FOLDED = 2;

/** Fewest letters of scripts without blanks that may be a prompt. */
const MIN_UNSPACED = 6;

/** A variable whose text is a prompt, be it a single word. */
const PROMPT_NAME = /prompt|question|instruction/i;

/**
 * Conversations first, then templates and composed texts, then other texts and
 * the literals that texts are composed of, the longest first; at last docstrings
 * and what is printed, and outputs.
 */
export function arrange<T extends IText>(
  candidates: readonly T[]
): IArranged<T> {
  const ordered = candidates
    .map(candidate => ({ candidate, order: orderOf(candidate) }))
    .sort(
      (a, b) =>
        a.order - b.order ||
        (a.candidate.kind === 'output'
          ? 0
          : b.candidate.value.length - a.candidate.value.length)
    )
    .map(({ candidate }) => candidate);
  const folded = ordered.filter(isShort);
  const listed = ordered.filter(candidate => !isShort(candidate));
  const isFolded =
    folded.length >= MIN_FOLDED && listed.some(({ kind }) => kind !== 'output');
  return isFolded ? { listed, folded } : { listed: ordered, folded: [] };
}

/** The only text that may be a prompt, if all others surely are none. */
export function onlyPrompt<T extends IText>(
  candidates: readonly T[]
): T | null {
  if (candidates.length === 1) {
    return candidates[0];
  }
  const likely = candidates.filter(candidate => !isShort(candidate));
  return likely.length === 1 && orderOf(likely[0]) < ORDERS.aside
    ? likely[0]
    : null;
}

/**
 * Whether a text is a key, a role or a single word: a name, a format, an address.
 * Scripts without blanks have sentences of one word.
 */
export function isShort({ kind, words, standing, variable }: IText): boolean {
  switch (standing) {
    case 'key':
    case 'role':
    case 'subscript':
      return true;
    default:
  }
  if (kind === 'output' || kind === 'conversation') {
    return false;
  }
  const trimmed = words.trim();
  return (
    !/\s/.test(trimmed) &&
    !isUnspaced(trimmed) &&
    !(variable !== undefined && PROMPT_NAME.test(variable))
  );
}

/** Whether a text without blanks has as many letters as a sentence may have. */
function isUnspaced(text: string): boolean {
  let count = 0;
  for (const letter of text) {
    if (UNSPACED.test(letter) && ++count >= MIN_UNSPACED) {
      return true;
    }
  }
  return false;
}

const ORDERS = {
  conversation: 0,
  template: 1,
  text: 2,
  aside: 3,
  short: 4,
  output: 5
};

function orderOf(candidate: IText): number {
  const { kind, standing, isPart } = candidate;
  if (kind === 'output') {
    return ORDERS.output;
  }
  if (isShort(candidate)) {
    return ORDERS.short;
  }
  if (standing === 'docstring' || standing === 'notice') {
    return ORDERS.aside;
  }
  switch (kind) {
    case 'conversation':
      return ORDERS.conversation;
    case 'template':
      return isPart ? ORDERS.text : ORDERS.template;
    case 'composed':
      return ORDERS.template;
    default:
      return ORDERS.text;
  }
}
