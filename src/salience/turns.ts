/**
 * Turns of a conversation in a prompt: the role of the text that follows, and the
 * tokens that mark it. The formats are those of lit_lab/service/chat.py, and of the
 * templates of Phi-3 and Mistral.
 */
import type { ITextToken, TokenSpan } from './token';

/** The tokens that begin a turn, or only end one. */
export interface ITurn {
  /** Its tokens: the end of the turn before, the role, and what is between. */
  readonly span: TokenSpan;
  /** The role as written, such as `user`; empty: no turn begins here. */
  readonly role: string;
}

/** A token whose spelling in the vocabulary may be known. */
export interface ISpelledToken extends ITextToken {
  readonly piece?: string;
}

/** What begins a turn, its role, what may follow the role, and what ends a turn. */
const FORMATS: readonly (readonly [
  start: string,
  role: string,
  heading: string,
  end: string
])[] = [
  ['<start_of_turn>', '\\w*', '\\n?', '<end_of_turn>'],
  [
    '<\\|start_header_id\\|>',
    '\\w*',
    '(?:<\\|end_header_id\\|>)?\\n{0,2}',
    '<\\|eot_id\\|>'
  ],
  ['<\\|im_start\\|>', '\\w*', '\\n?', '<\\|im_end\\|>'],
  ['<\\|', 'system|user|assistant', '\\|>\\n?', '<\\|end\\|>'],
  ['\\[', '/?INST', '\\] ?', '</s>']
];

const TURN = FORMATS.map(
  ([start, role, heading, end]) =>
    `(?:${end}\\s*)?${start}(?:${role})${heading}|${end}\\s*`
).join('|');

const ROLE = FORMATS.map(([start, role]) => `${start}(${role})`).join('|');

/** The roles in Mistral's format, which has no names for them. */
const NAMELESS: Readonly<Record<string, string>> = {
  INST: 'user',
  '/INST': 'assistant'
};

/**
 * The turns that the user wrote into a prompt, in order and apart.
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
  /** Where each token begins in the text, and finally where the text ends. */
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
    // Tokens without a text belong to the next token with one.
    while (at < end && offsets[at + 1] <= match.index) {
      at++;
    }
    const start = at;
    while (at < end && offsets[at + 1] <= until && offsets[at] < until) {
      at++;
    }
    // The same characters in another tokenizer are text.
    if (at > start && isControl(tokens[start])) {
      turns.push({ span: [start, at], role: roleIn(match[0]) });
    }
  }
  return turns;
}

/**
 * The tokens that the chat format put at a place of the sequence. If a template has
 * its own form for turns, the place says which role follows.
 *
 * @param span - of consecutive `template` tokens.
 * @returns the role that begins there, and the tokens' spelling; null
 *   if they mark no turn, as `<bos>` alone.
 */
export function addedTurn(
  tokens: readonly ISpelledToken[],
  [start, end]: TokenSpan
): { readonly role: string; readonly spelled: string } | null {
  const spelled = spelledOf(tokens, [start, end]);
  if (new RegExp(TURN).test(spelled)) {
    return { role: roleIn(spelled), spelled };
  }
  // A single token begins each text.
  return end - start > 1
    ? { role: start === 0 ? 'user' : 'assistant', spelled }
    : null;
}

/** How tokens are spelled that have no text of their own. */
export function spelledOf(
  tokens: readonly ISpelledToken[],
  [start, end]: TokenSpan
): string {
  return (
    tokens
      .slice(start, end)
      .map(({ piece = '' }) => piece)
      .join('')
      // How vocabularies write line breaks and blanks.
      .replace(/Ċ|<0x0A>/g, '\n')
      .replace(/[▁Ġ]/g, ' ')
  );
}

/**
 * The `template` tokens at the beginning and at the end of a prompt. A start token
 * that the user wrote precedes the first.
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

/** Whether a prompt ends within a turn of the model's, which the answer continues. */
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
  const role = roles.slice(1).find(role => role !== undefined) ?? '';
  return NAMELESS[role] ?? role;
}

function isControl(token: ITextToken): boolean {
  return token.kind === 'control';
}
