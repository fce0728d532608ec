import { pythonLanguage } from '@codemirror/lang-python';

import { atOnce } from '../strings/pieces';
import { runNotebook } from './run';
import { stringOf } from './value';

const { parser } = pythonLanguage;

function run(...sources: string[]) {
  const cells = sources.map(source => ({
    source,
    tree: parser.parse(source),
    count: null
  }));
  return atOnce(runNotebook(cells, () => null));
}

/** The text that an expression or `+=` of the last cell makes, in its pieces. */
function piecesOf(expression: string, ...sources: string[]) {
  const cell = sources.length - 1;
  const from = sources[cell].indexOf(expression);
  const text = run(...sources).texts.get(
    `${cell}:${from}:${from + expression.length}`
  );
  return text?.texts[0].pieces.map(piece => ({
    text: piece.text,
    /** Its literal, as its source has it. */
    source: piece.map
      .map(({ source: [a, b] }) => sources[piece.cell].slice(a, b))
      .join(''),
    isOpen: piece.open !== undefined,
    via:
      piece.via &&
      sources[piece.via.put.cell].slice(piece.via.put.from, piece.via.put.to)
  }));
}

describe('what is gone over', () => {
  const GIVEN = 'xs = ["p", "q"]\n';

  it.each([
    ['a loop', 'for x in xs:\n    give(xs)\n    f"{x}"'],
    [
      'a loop that may end',
      'for x in xs:\n    give(xs)\n    f"{x}"\n    break'
    ],
    ['a comprehension', '[(give(xs), f"{x}") for x in xs]'],
    ['a comprehension of one', 'xs = xs[:1]\n[(give(xs), f"{x}") for x in xs]'],
    ['clauses', '[(give(xs), f"{x}") for x in xs for y in xs]']
  ])('isn’t known in %s that may change it', (_, code) => {
    const source = GIVEN + code;
    const { seen } = run(source);
    const field = seen.get(`0:${source.indexOf('{x}')}`);
    expect(field?.why).not.toBeNull();
  });

  it('is known where nothing changes it', () => {
    const source = `${GIVEN}for x in xs:\n    f"{x}"\n    break`;
    expect(
      run(source)
        .seen.get(`0:${source.indexOf('{x}')}`)
        ?.options.map(({ value }) => stringOf(value))
    ).toEqual(['p', 'q']);
  });
});

it('an assignment without a value makes its name unknown', () => {
  const source = 'x = "a"\nx = (\nx =\n';
  expect(run(source, 'f"{x}"').seen.get('1:2')?.options).toEqual([]);
});

describe('a text of several pieces', () => {
  it('leads back to the literals of a concatenation', () => {
    const sum = '"Answer. " + rules + "Q: " + q + "\\nA:"';
    expect(
      piecesOf(sum, 'rules = "Be brief. "', `q = ask()\np = ${sum}`)
    ).toEqual([
      { text: 'Answer. ', source: 'Answer. ', isOpen: false, via: undefined },
      { text: 'Be brief. ', source: 'Be brief. ', isOpen: false, via: 'rules' },
      { text: 'Q: ', source: 'Q: ', isOpen: false, via: undefined },
      { text: '{q}', source: '', isOpen: true, via: 'q' },
      { text: '\nA:', source: '\\nA:', isOpen: false, via: undefined }
    ]);
  });

  it('leads back to the literals of steps and of a join', () => {
    const step = 'p += f"On {topic}"';
    const pieces = piecesOf(step, `topic = "rain"\np = "A poet.\\n"\n${step}`);
    expect(pieces?.map(({ text }) => text)).toEqual([
      'A poet.\n',
      'On ',
      'rain'
    ]);
    const join = '"\\n".join(["a", f"on {topic}"])';
    expect(piecesOf(join, join)?.map(({ text }) => text)).toEqual([
      'a',
      '\n',
      'on ',
      '{topic}'
    ]);
  });
});

describe('going through a notebook', () => {
  it('ends where a cell is too long to be followed, and says so', () => {
    const long = `x = "a"\n${'y = [f"{x}", len(x)]\n'.repeat(3_000)}`;
    const { seen } = run('z = "b"', long, 'f"{z}"');
    expect(seen.get('2:2')?.why?.cause).toBe('limit');
  });

  it('builds no long texts', () => {
    const doubled = 'x = x + x\n'.repeat(100);
    const { seen } = run(`x = "ab"\n${doubled}`, 'f"{x}"');
    expect(seen.get('1:2')?.options).toEqual([]);
    const { seen: others } = run('x = "ab" * 10 ** 9', 'f"{x}"');
    expect(others.get('1:2')?.options).toEqual([]);
  });

  it('goes down into no code that is too deep', () => {
    const deep = `x = ${'('.repeat(2_000)}"a"${')'.repeat(2_000)}`;
    expect([...run(deep, 'f"{x}"').seen.values()][0].options).toEqual([]);
    const chain = `x = ${'"a" + '.repeat(400)}"a"`;
    const [{ options }] = run(chain, 'f"{x}"').seen.values();
    expect(stringOf(options[0].value)).toBe('a'.repeat(401));
  });
});

describe('a function that nothing calls', () => {
  const options = (source: string) =>
    run(source)
      .seen.get(`0:${source.indexOf('{')}`)
      ?.options.map(({ value }) => stringOf(value));

  it('uses the values of its moment, if that is known', () => {
    const names = 'N = "a"\nN = "b"\n';
    const definition = 'def f(): return f"{N}"';
    expect(options(names + definition)).toEqual(['b']);
    expect(options(`${names}if k():\n    ${definition}`)).toContain('b');
  });
});
