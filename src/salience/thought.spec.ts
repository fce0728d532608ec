import { thoughtEnd } from './thought';
import type { ISpelledToken } from './turns';

const text = (piece: string): ISpelledToken => ({
  text: piece,
  piece,
  kind: 'text'
});
const template = (piece: string): ISpelledToken => ({
  text: '',
  piece,
  kind: 'template'
});

const PROMPT = [
  ...['<|im_start|>', 'user', '\n'].map(template),
  text('Hi'),
  ...['<|im_end|>', '\n', '<|im_start|>', 'assistant', '\n'].map(template)
];
const SEAM = PROMPT.length;

describe('salience/thought', () => {
  it.each<[string, string[], string[], number | null]>([
    ['no thoughts', [], ['Hello', '.'], null],
    ['no answer yet', [], [], null],
    ['thoughts', [], ['<think>', '\n', 'Hm', '</think>', '\n\n', 'Hello'], 5],
    ['none of them', [], ['<think>', '\n\n', '</think>', '\n\n', 'Hello'], 4],
    ['a thought that goes on', [], ['<think>', '\n', 'Hm'], 3],
    ['blanks first', [], ['\n', '<think>', 'Hm'], 3],
    ['one that the template began', ['<think>', '\n'], ['Hm', '.'], 2],
    ['and that ended', ['<think>', '\n'], ['Hm', '</think>', '\n', 'Hello'], 3],
    [
      'one that the template ended',
      ['<think>', '\n\n', '</think>', '\n\n'],
      ['Hello'],
      null
    ],
    ['spelled in pieces', [], ['<', 'think', '>', 'Hm', '</', 'think', '>'], 7],
    ['a mere mention', [], ['It says ', '<think>', '.'], null]
  ])('finds %s', (_, added, answer, expected) => {
    const tokens = [...PROMPT, ...added.map(template), ...answer.map(text)];
    const seam = SEAM + added.length;
    const end = thoughtEnd(tokens, seam);
    expect(end === null ? null : end - seam).toBe(expected);
  });
});
