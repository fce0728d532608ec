import { GRANULARITIES, segment } from './segment';
import type { ITextToken, TokenSpan } from './token';
import { addedTurn, isContinued, templateEnds, writtenTurns } from './turns';

const START = '<start_of_turn>';
const END = '<end_of_turn>';

/** Tokens as Gemma makes them: markers and runs of line breaks whole, else words. */
function tokensOf(text: string): ITextToken[] {
  const pieces = text.match(/<\|?\w+\|?>|\n+|[^\S\n]*[^\s<]+|[^\S\n]+/g) ?? [];
  return pieces.map(piece => ({
    text: piece,
    kind: piece.startsWith('<') ? 'control' : 'text'
  }));
}

const BOS: ITextToken = { text: '', kind: 'template' };

function textOf(tokens: readonly ITextToken[], [start, end]: TokenSpan) {
  return tokens
    .slice(start, end)
    .map(({ text }) => text)
    .join('');
}

const CONVERSATION = `${START}user\nIs it sweet? Say.${END}\n${START}model\nNo.${END}\n`;

describe('salience/turns', () => {
  it('finds who speaks', () => {
    const tokens = [BOS, ...tokensOf(CONVERSATION)];
    const turns = writtenTurns(tokens, tokens.length);
    expect(turns.map(({ span, role }) => [textOf(tokens, span), role])).toEqual(
      [
        [`${START}user\n`, 'user'],
        [`${END}\n${START}model\n`, 'model'],
        [`${END}\n`, '']
      ]
    );
  });

  it.each([
    ['Llama 3', '<|start_header_id|>', '<|end_header_id|>\n\n', '<|eot_id|>'],
    ['ChatML', '<|im_start|>', '\n', '<|im_end|>']
  ])('knows the format of %s', (_, start, heading, end) => {
    const tokens = tokensOf(
      `${start}system${heading}Be kind.${end}${start}assistant${heading}Hi.`
    );
    expect(
      writtenTurns(tokens, tokens.length).map(({ span, role }) => [
        textOf(tokens, span),
        role
      ])
    ).toEqual([
      [`${start}system${heading}`, 'system'],
      [`${end}${start}assistant${heading}`, 'assistant']
    ]);
  });

  it.each([
    [
      'Phi-3',
      '<|system|>\nBe kind.<|end|>\n<|user|>\nHi.<|end|>\n<|assistant|>\n',
      [
        ['<|system|>\n', 'system'],
        ['<|end|>\n<|user|>\n', 'user'],
        ['<|end|>\n<|assistant|>\n', 'assistant']
      ]
    ],
    [
      'Mistral',
      '[INST] Hi.[/INST] Ho.[INST] Hum.[/INST]',
      [
        ['[INST] ', 'user'],
        ['[/INST] ', 'assistant'],
        ['[INST] ', 'user'],
        ['[/INST]', 'assistant']
      ]
    ]
  ])('knows what templates of %s write', (_, text, expected) => {
    const pieces = text.match(/<\|\w+\|>|\[\/?INST\]|\n| |[^<[\n ]+/g) ?? [];
    const tokens = pieces.map((piece): ITextToken => ({
      text: piece,
      kind: /^[<[]/.test(piece) ? 'control' : 'text'
    }));
    expect(
      writtenTurns(tokens, tokens.length).map(({ span, role }) => [
        textOf(tokens, span),
        role
      ])
    ).toEqual(expected);
  });

  it('tells by its place what a template of another form added', () => {
    const added = (piece: string) => ({
      text: '',
      piece,
      kind: 'template' as const
    });
    const tokens = [
      ...['<s>', 'USER', ':', '▁'].map(added),
      { text: 'Hi', kind: 'text' as const },
      ...['▁ASSISTANT', ':'].map(added)
    ];
    expect(addedTurn(tokens, [0, 4])).toEqual({
      role: 'user',
      spelled: '<s>USER: '
    });
    expect(addedTurn(tokens, [5, 7])?.role).toBe('assistant');
    expect(addedTurn(tokens, [0, 1])).toBeNull();
    expect(addedTurn(tokens, [5, 5])).toBeNull();
  });

  it('takes what is no control token for text', () => {
    const tokens = tokensOf(CONVERSATION).map((token): ITextToken => ({
      ...token,
      kind: 'text'
    }));
    expect(writtenTurns(tokens, tokens.length)).toEqual([]);
  });

  it('leaves the answer alone', () => {
    const tokens = tokensOf(CONVERSATION);
    expect(writtenTurns(tokens, 0)).toEqual([]);
    const answer = segment(tokens, 0, 'paragraphs');
    expect(answer).toEqual([[0, tokens.length]]);
  });

  it('leaves the first bytes of a character to what follows', () => {
    const tokens: ITextToken[] = [
      { text: START, kind: 'control' },
      { text: 'user', kind: 'text' },
      { text: '\n', kind: 'text' },
      { text: '', kind: 'text' },
      { text: '🍲', kind: 'text' }
    ];
    expect(writtenTurns(tokens, 5)[0].span).toEqual([0, 3]);
    expect(segment(tokens, 5, 'tokens')).toEqual([
      [0, 3],
      [3, 5]
    ]);
  });

  it('leaves a token that goes on behind a heading to the text', () => {
    // The text begins with a line break of its own.
    const tokens = tokensOf(`${START}user\n\nOnion`);
    expect(writtenTurns(tokens, tokens.length)[0].span).toEqual([0, 2]);
  });

  it.each(GRANULARITIES)(
    'cuts between turns, and within none of their headings, by %s',
    granularity => {
      const tokens = [
        BOS,
        ...tokensOf(`Be kind.\n${CONVERSATION}\n${START}user\nWhy? So.`)
      ];
      const spans = segment(tokens, tokens.length, granularity);
      const texts = spans.map(span => textOf(tokens, span));
      for (const heading of [
        `${START}user\n`,
        `${END}\n${START}model\n`,
        `${END}\n\n${START}user\n`
      ]) {
        expect(texts).toContain(heading);
      }
      // Each token but the template's is in exactly one.
      expect(spans[0][0]).toBe(1);
      spans.slice(1).forEach(([start], i) => {
        expect(start).toBe(spans[i][1]);
      });
      expect(spans[spans.length - 1][1]).toBe(tokens.length);
    }
  );

  it.each([`${END}\n `, `\n${START}user\n`, `${START}user\n\n\n`])(
    'has no token left over in %j',
    text => {
      const tokens = tokensOf(text);
      expect(segment(tokens, tokens.length, 'sentences')).toEqual([
        [0, tokens.length]
      ]);
    }
  );

  const template = (pieces: string[]) =>
    pieces.map(piece => ({ piece, text: '', kind: 'template' as const }));

  it('tells what was added', () => {
    const tokens = [
      ...template(['<bos>', START, 'user', '\n']),
      ...tokensOf('Onion'),
      ...template([END, '\n', START, 'model', '\n'])
    ];
    const [before, behind] = templateEnds(tokens, 10);
    expect([before, behind]).toEqual([
      [0, 4],
      [5, 10]
    ]);
    expect(addedTurn(tokens, before)).toEqual({
      role: 'user',
      spelled: `<bos>${START}user\n`
    });
    expect(addedTurn(tokens, behind)!.role).toBe('model');
    expect(segment(tokens, 10, 'sentences')).toEqual([[4, 5]]);
  });

  it('tells what was added behind a start token that the user wrote', () => {
    const tokens = [
      { piece: '<bos>', text: '<bos>', kind: 'control' as const },
      ...template([START, 'user', '\n']),
      ...tokensOf('Onion'),
      ...template([END, '\n', START, 'model', '\n'])
    ];
    expect(templateEnds(tokens, 10)).toEqual([
      [1, 4],
      [5, 10]
    ]);
    expect(segment(tokens, 10, 'sentences')).toEqual([
      [0, 1],
      [4, 5]
    ]);
    // Written turns alone have nothing added before them.
    const written = tokensOf(`${START}user\nOnion`);
    expect(templateEnds(written, written.length)[0]).toEqual([0, 0]);
  });

  it('spells what byte-level vocabularies write otherwise', () => {
    const tokens = template(['<|im_end|>', 'Ċ', '<|im_start|>', 'assistant']);
    expect(addedTurn(tokens, [0, 4])).toEqual({
      role: 'assistant',
      spelled: '<|im_end|>\n<|im_start|>assistant'
    });
  });

  it('says nothing of what is no turn', () => {
    expect(addedTurn(template(['<bos>']), [0, 1])).toBeNull();
    expect(templateEnds(template(['<bos>']), 1)).toEqual([
      [0, 1],
      [1, 1]
    ]);
  });

  it.each([
    ['Onion', false],
    [`${START}user\nOnion`, false],
    [CONVERSATION, false],
    [`${CONVERSATION}${START}model\n`, false],
    [`${CONVERSATION}${START}model\nIt has`, true]
  ])('knows whether an answer goes on with a turn: %j', (prompt, expected) => {
    expect(isContinued(prompt)).toBe(expected);
  });
});
