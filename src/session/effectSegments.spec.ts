import { effectSegments } from './effectSegments';
import { tokens } from './fixtures';

const TEMPLATE = { id: 2, piece: '<t>', text: '', kind: 'template' as const };

/** The characters of spans in code points. */
function charactersOf(
  texts: readonly string[],
  spans: readonly { turn: number; start: number; end: number }[]
): string[] {
  return spans.map(({ turn, start, end }) =>
    [...texts[turn]].slice(start, end).join('')
  );
}

describe('session/effectSegments', () => {
  it('counts code points, and leaves out the blanks around sentences', () => {
    const prompt = '🥚🥚 are eggs.  I like 🍐!\n\n Do I?\n';
    const found = effectSegments({
      prompt,
      promptTokens: [TEMPLATE, ...tokens(prompt)],
      answerTokens: tokens(' Yes. No. Perhaps.')
    })!;
    expect(charactersOf([prompt], found.texts)).toEqual([
      '🥚🥚 are eggs.',
      'I like 🍐!',
      'Do I?'
    ]);
    expect(found.texts[1]).toEqual({ turn: 0, start: 14, end: 23 });
    // All sentences of the answer but the last.
    expect(found.spans).toHaveLength(5);
    expect(found.seam).toBe(1 + tokens(prompt).length);
    expect(found.spans[3][0]).toBe(found.seam);
  });

  it('finds a prompt whose ends the chat format trims', () => {
    const prompt = '\n  One. Two. ';
    const found = effectSegments({
      prompt,
      promptTokens: [TEMPLATE, ...tokens('One. Two.'), TEMPLATE],
      answerTokens: tokens(' Yes.')
    })!;
    expect(charactersOf([prompt], found.texts)).toEqual(['One.', 'Two.']);
  });

  it('knows the turns of a conversation, in their own order', () => {
    const turns = [
      { role: 'system' as const, text: 'Be brief. Be 🥚.' },
      { role: 'user' as const, text: ' Hello. Why?' }
    ];
    const [system, user] = turns.map(({ text }) => tokens(text.trim()));
    const promptTokens = [TEMPLATE, ...user, TEMPLATE, ...system, TEMPLATE];
    const start = user.length + 2;
    const found = effectSegments({
      prompt: '',
      turns,
      turnSpans: [
        [start, start + system.length],
        [1, 1 + user.length]
      ],
      promptTokens,
      answerTokens: tokens(' Yes.')
    })!;
    expect(found.texts.map(({ turn }) => turn)).toEqual([0, 0, 1, 1]);
    expect(
      charactersOf(
        turns.map(({ text }) => text),
        found.texts
      )
    ).toEqual(['Be brief.', 'Be 🥚.', 'Hello.', 'Why?']);
    expect(found.spans[0][0]).toBe(start);
  });

  it('never deletes what marks a turn', () => {
    const control = (text: string) => ({
      ...tokens(text.trim())[0],
      text,
      kind: 'control' as const
    });
    const promptTokens = [
      control('<start_of_turn>'),
      ...tokens('user\n'),
      ...tokens('Hello. Why?'),
      control('<end_of_turn>')
    ];
    const prompt = promptTokens.map(({ text }) => text).join('');
    const found = effectSegments({
      prompt,
      promptTokens,
      answerTokens: tokens(' Yes.')
    })!;
    expect(charactersOf([prompt], found.texts)).toEqual(['Hello.', 'Why?']);
  });

  it('refuses what it cannot find, and what is too much', () => {
    const run = (prompt: string, given: string) => ({
      prompt,
      promptTokens: tokens(given),
      answerTokens: tokens(' Yes.')
    });
    expect(effectSegments(run('One. Two.', 'One. Twa.'))).toBeNull();
    expect(effectSegments(run('One.', 'One. Two.'))).toBeNull();
    expect(effectSegments(run(' ', ' '))).toBeNull();
    const long = 'So it is. '.repeat(401);
    expect(effectSegments(run(long, long))).toBeNull();
  });
});
