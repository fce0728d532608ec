import { nullTranslator } from '@jupyterlab/translation';

import { plain } from '../../session/mapped';
import { asJulia, inLanguage } from './julia';

const context = {
  lookup: () => null,
  trans: nullTranslator.load('lit_lab')
};

/** A literal as Julia reads it. */
function read(literal: string) {
  const [, prefix, quote] = /^([a-z]*)("""|")/.exec(literal)!;
  const from = prefix.length + quote.length;
  const value = literal.slice(from, literal.length - quote.length);
  return asJulia(
    {
      kind: 'string',
      ...plain(value, from),
      fields: [],
      span: [0, literal.length]
    },
    literal,
    context
  );
}

describe('asJulia', () => {
  // What Julia's manual says, and what Julia 1.10 prints.
  it.each([
    ['the first line break', '"""\nHello.\n"""', 'Hello.\n'],
    ['one of two', '"""\n\nHello."""', '\nHello.'],
    ['a line break that Windows wrote', '"""\r\nHello."""', 'Hello.'],
    ['a margin', '"""\n    Hello,\n    world.\n  """', '  Hello,\n  world.\n'],
    ['all of it', '"""\n  Hello,\n\n    world.\n  """', 'Hello,\n\n  world.\n'],
    [
      'none before the first line',
      '"""  Hello,\n  world."""',
      '  Hello,\nworld.'
    ],
    ['tabs only where all have them', '"""\n\tA\n  B"""', '\tA\n  B'],
    ['nothing of one quote', '"\n  Hello."', '\n  Hello.']
  ])('removes %s', (_, literal, value) => {
    const found = read(literal);
    expect(found.value).toBe(value);
    expect(found.map.map(run => literal.slice(...run.source)).join('')).toBe(
      value
    );
  });

  it.each([
    ['"Dear $(guest), $name!"', ['guest', 'name!'], ['$(guest)', '$name!']],
    ['"$a$b_1."', ['a', 'b_1'], ['$a', '$b_1']],
    ['"$(f(x) + 1) and $( y )"', ['f(x) + 1', 'y'], ['$(f(x) + 1)', '$( y )']],
    ['"costs \\$5"', [], []],
    ['raw"$(guest)"', [], []]
  ])('has the interpolations as fields: %s', (literal, names, written) => {
    const { fields, value, kind } = read(literal);
    expect(kind).toBe('string');
    expect(fields.map(({ name }) => name)).toEqual(names);
    expect(fields.map(field => value.slice(...field.value))).toEqual(written);
  });

  it.each(['"$(f(\\")\\"))"', '"$(open"', '"100$"'])(
    'says so where it cannot read one: %s',
    literal => {
      const { fields, value, problem } = read(literal);
      expect(fields).toEqual([]);
      expect(value).toBe(literal.slice(1, -1));
      expect(problem).toContain('$');
    }
  );

  it('knows its language', () => {
    const literal = '"$x"';
    const found = {
      kind: 'string' as const,
      ...plain('$x', 1),
      fields: [],
      span: [0, 4] as const
    };
    const fields = (language: string) =>
      inLanguage(language, [found], literal, context)[0].fields;
    expect(fields('julia')).toHaveLength(1);
    expect(fields('R')).toHaveLength(0);
  });
});
