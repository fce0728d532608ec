import { Stage } from '../components/fixtures';
import { cutText } from '../session/runText';
import { drawSalienceText, token } from './fixtures';
import { lineOf } from './line';

const gap = (...pieces: string[]) =>
  pieces.map(piece => token(piece, 'template'));

/** A system turn within the user's, as Gemma's format has it, then two more. */
const RUN = {
  turns: [
    { role: 'system', text: 'Be brief.' },
    { role: 'user', text: 'A red fruit?' },
    { role: 'model', text: 'Apple.' },
    { role: 'user', text: 'A green one?' }
  ] as const,
  promptTokens: [
    ...gap('<bos>', '<start_of_turn>', 'user', '\n'),
    token('Be brief.'),
    ...gap('\n\n'),
    token('A red'),
    token(' fruit?'),
    ...gap('<end_of_turn>', '\n', '<start_of_turn>', 'model', '\n'),
    token('Apple.'),
    ...gap('<end_of_turn>', '\n', '<start_of_turn>', 'user', '\n'),
    token('A green one?'),
    ...gap('<end_of_turn>', '\n', '<start_of_turn>', 'model', '\n')
  ],
  turnSpans: [
    [4, 5],
    [6, 8],
    [13, 14],
    [19, 20]
  ] as const,
  answerTokens: [token('Pear.')]
};

describe('map/conversation', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage.dispose());

  it('labels each turn with its role, and shows its own text alone', () => {
    drawSalienceText(stage, RUN);
    const shown = [
      ...stage.host.querySelectorAll<HTMLElement>(
        '.lit-turn, [data-part]:not(:empty)'
      )
    ].map(element => element.dataset.role ?? element.textContent);
    expect(shown).toEqual([
      'System',
      'Be brief.',
      'User',
      'A red fruit?',
      'Model',
      'Apple.',
      'User',
      'A green one?',
      'Model',
      'Pear.'
    ]);
    const parts = [
      ...stage.host.querySelectorAll<HTMLElement>('[data-part="prompt"]')
    ];
    expect(parts.map(part => part.getAttribute('aria-label'))).toEqual([
      'Turn 1, System',
      'Turn 2, User',
      'Turn 3, Model',
      'Turn 4, User'
    ]);
    // Segments are numbered through, to the answer's.
    const numbers = [
      ...stage.host.querySelectorAll<HTMLElement>('[data-segment]')
    ].map(element => element.dataset.segment);
    expect(numbers).toEqual(['0', '1', '2', '3', '4']);
  });

  it('counts each turn’s first line as a line of the whole', () => {
    const text = cutText(RUN, 'sentences', null);
    expect(text.segments.map(span => lineOf(text, span))).toEqual([
      1, 2, 3, 4, 5
    ]);
  });

  it('labels a turn too where the format has nothing before it', () => {
    drawSalienceText(stage, {
      turns: [
        { role: 'system', text: 'Be brief.' },
        { role: 'user', text: 'Hi.' }
      ],
      promptTokens: [
        ...gap('<bos>'),
        token('Be brief.'),
        token('Hi.'),
        ...gap('<end_of_turn>', '\n', '<start_of_turn>', 'model', '\n')
      ],
      turnSpans: [
        [1, 2],
        [2, 3]
      ],
      answerTokens: [token('Ho.')]
    });
    expect(
      [...stage.host.querySelectorAll<HTMLElement>('.lit-turn')].map(
        element => element.dataset.role
      )
    ).toEqual(['System', 'User', 'Model']);
  });
});
