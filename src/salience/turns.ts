/**
 * Turns of a conversation in a prompt: whose text follows, and which tokens say
 * so. The formats are those of lit_lab/service/chat.py.
 */
import type { ITextToken, TokenSpan } from './segment';

/** What begins a turn, or only ends one. */
export interface ITurn {
  /** Its tokens: what ended the turn before, the role, and what is between. */
  readonly span: TokenSpan;
  /** As it is written, such as `user`; empty: nothing begins here. */
  readonly role: string;
}

/** A token whose spelling in the vocabulary may be known. */
export interface ISpelledToken extends ITextToken {
  readonly piece?: string;
}

/** What begins and ends a turn, and what may stand behind its role. */
const FORMATS: readonly (readonly [
  start: string,
  end: string,
  heading: string
])[] = [
  ['<start_of_turn>', '<end_of_turn>', '\\n?'],
  [
    '<\\|start_header_id\\|>',
    '<\\|eot_id\\|>',
    '(?:<\\|end_header_id\\|>)?\\n{0,2}'
  ],
  ['<\\|im_start\\|>', '<\\|im_end\\|>', '\\n?']
];

const TURN = FORMATS.map(
  ([start, end, heading]) =>
    `(?:${end}\\s*)?${start}(?:\\w*)${heading}|${end}\\s*`
).join('|');

const ROLE = new RegExp(FORMATS.map(([start]) => `${start}(\\w*)`).join('|'));

/**
 * The turns that somebody wrote into a prompt, in order and apart.
 *
 * @param tokens - the whole sequence.
 * @param end - of the prompt.
 */
export function writtenTurns(
  tokens: readonly ITextToken[],
  end: number
): ITurn[] {
  if (!tokens.slice(0, end).some(isControl)) {
    return [];
  }
  /** Where each token begins in the text, and at last where that ends. */
  const offsets = [0];
  let text = '';
  for (let i = 0; i < end; i++) {
    text += tokens[i].text;
    offsets.push(text.length);
  }
  const turns: ITurn[] = [];
  let at = 0;
  for (const match of text.matchAll(new RegExp(TURN, 'g'))) {
    const until = match.index + match[0].length;
    // Tokens without a text belong to what follows them.
    while (at < end && offsets[at + 1] <= match.index) {
      at++;
    }
    const start = at;
    while (at < end && offsets[at + 1] <= until && offsets[at] < until) {
      at++;
    }
    // What merely looks like it, in another tokenizer, is text.
    if (at > start && isControl(tokens[start])) {
      turns.push({ span: [start, at], role: roleIn(match[0]) });
    }
  }
  return turns;
}

/**
 * What the chat format put at a place of the sequence.
 *
 * @param span - of `template` tokens that follow each other.
 * @returns the role that begins there, and how all of them are spelled; null
 *   where they say nothing of turns, as `<bos>` alone.
 */
export function addedTurn(
  tokens: readonly ISpelledToken[],
  [start, end]: TokenSpan
): { readonly role: string; readonly spelled: string } | null {
  const spelled = tokens
    .slice(start, end)
    .map(({ piece = '' }) => piece)
    .join('')
    // How vocabularies write line breaks and blanks.
    .replace(/Ċ|<0x0A>/g, '\n')
    .replace(/[▁Ġ]/g, ' ');
  return new RegExp(TURN).test(spelled)
    ? { role: roleIn(spelled), spelled }
    : null;
}

/**
 * The `template` tokens at the beginning of a prompt, and at its end. A start
 * token that the user wrote stands in front of the first.
 */
export function templateEnds(
  tokens: readonly ITextToken[],
  seam: number
): readonly [before: TokenSpan, behind: TokenSpan] {
  let start = 0;
  while (start < seam && isControl(tokens[start])) {
    start++;
  }
  start = start < seam && tokens[start].kind === 'template' ? start : 0;
  let first = start;
  while (first < seam && tokens[first].kind === 'template') {
    first++;
  }
  let last = seam;
  while (last > first && tokens[last - 1].kind === 'template') {
    last--;
  }
  return [
    [start, first],
    [last, seam]
  ];
}

/** Whether a prompt ends within a turn of the model's, which an answer goes on with. */
export function isContinued(prompt: string): boolean {
  const last = [...prompt.matchAll(new RegExp(TURN, 'g'))].pop();
  return (
    last !== undefined &&
    /^(model|assistant)$/.test(roleIn(last[0])) &&
    last.index + last[0].length < prompt.length
  );
}

function roleIn(text: string): string {
  const roles = [...text.matchAll(new RegExp(ROLE, 'g'))].pop() ?? [];
  return roles.slice(1).find(role => role !== undefined) ?? '';
}

function isControl(token: ITextToken): boolean {
  return token.kind === 'control';
}
