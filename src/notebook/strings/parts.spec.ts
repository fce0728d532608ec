/** Long sources are parsed in parts, so that no tree of too many tokens is made at once. */
import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { makeFinder } from '../fakes';
import { isIndentedAlike } from './bodies';
import { parsing } from './parsing';
import { atOnce, inPieces } from './pieces';
import { findingStrings } from './python';

const { parser } = pythonLanguage;

/** Parse a text; returns the tree, and the number of steps to each tree. */
function counted(text: string) {
  const steps: number[] = [];
  const parse = jest.spyOn(parser, 'startParse');
  try {
    const work = parsing(parser, text);
    for (;;) {
      const { done, value } = work.next();
      if (done) {
        return { tree: value, steps };
      }
      const begun = parse.mock.calls.length;
      steps[begun - 1] = (steps[begun - 1] ?? 0) + 1;
    }
  } finally {
    parse.mockRestore();
  }
}

/** Work of `count` steps. */
function* working(count: number) {
  for (let step = 0; step < count; step++) {
    yield;
  }
}

describe('sources of many tokens', () => {
  it.each([
    ['lines', 'x = "a"\n', ''],
    ['items', 'x = [', '"a", '],
    ['entries', 'x = {', '"a": [b, f"{c}"], '],
    ['fields', 'x = f"', '{a} '],
    ['arguments', 'f(', 'a, '],
    ['statements of a function', 'def f(a):\n', '    b = a\n'],
    ['functions', 'def f(a):\n    return a\n', '']
  ])('are made into trees part by part: %s', (_, start, part) => {
    const close = { '[': ']', '{': '}', '"': '"', '(': ')' }[start.at(-1)!];
    const text =
      (part === '' ? start : `${start}${part}`).repeat(
        part === '' ? 9_000 : 1
      ) +
      part.repeat(20_000) +
      (close ?? '');
    const { tree, steps } = counted(text);
    expect(steps.length).toBeGreaterThan(2);
    expect(Math.max(...steps)).toBeLessThan(20_000);
    expect(tree?.toString()).toBe(parser.parse(text).toString());
  });

  it('are made into one tree where one part doesn’t help with the next', () => {
    const text = `x = ${'"a" + '.repeat(15_000)}"a"`;
    const { tree, steps } = counted(text);
    expect(tree?.length).toBe(text.length);
    expect(steps.length).toBeLessThan(6);
  });

  it('are not read where so large a tree would take too long', async () => {
    const source = `x = ${'"a" + '.repeat(60_000)}"a"`;
    expect(atOnce(parsing(parser, source))).toBeNull();
    const finder = makeFinder();
    const notebook = { cells: [{ type: 'code', source }], language: 'python' };
    const parse = jest.spyOn(parser, 'startParse');
    try {
      for (let time = 0; time < 2; time++) {
        const [found] = await finder.find(notebook, 0);
        expect(found.value).toBe(source);
        expect(found.problem).toContain('takes too long');
      }
      // The second time it is known.
      expect(parse.mock.calls.length).toBeLessThan(10);
    } finally {
      parse.mockRestore();
    }
  });

  it('keep what stands behind a body out of it, wherever a part ends', () => {
    const block = `if a:\n${'    x = 1\n'.repeat(40)}${'z = 1\n'.repeat(100)}`;
    const text = block.repeat(48);
    // Within bodies, too.
    const stopping = {
      startParse: (...given: Parameters<typeof parser.startParse>) => {
        const parse = parser.startParse(...given);
        const stopAt = parse.stopAt.bind(parse);
        parse.stopAt = () => stopAt(parse.parsedPos);
        return parse;
      }
    } as typeof parser;
    const tree = atOnce(parsing(stopping, text));
    expect(tree?.toString()).toBe(parser.parse(text).toString());
  });

  it.each([
    ['if a:\n  x = 1\n  y = 2\nz = 3', true],
    ['if a: x = 1; y = 2\nz = 3', true],
    ['if a:\n  if b:\n    x = 1\n  # c\n\n  y = 2; z = 3\n', true],
    ['match a:\n  case b: x = 1\n  case c:\n    y = 2', true]
  ])('have bodies that are indented alike: %j', (text, is) => {
    const tree = parser.parse(text);
    expect(atOnce(isIndentedAlike(tree, text))).toBe(is);
    // The same tree over a text in which a line of a body begins further left.
    const moved = text.replace(/(?<=\n) {2}(?=y|case c)/, '\n\n');
    if (moved !== text) {
      expect(atOnce(isIndentedAlike(tree, moved))).toBe(false);
    }
  });
});

describe('a source that the parser is slow with', () => {
  it('is given up after 5 s, in which the page has turns', async () => {
    let time = 0;
    let looks = 0;
    const now = jest.spyOn(performance, 'now').mockImplementation(() => {
      looks++;
      return (time += 40);
    });
    const turns = jest.spyOn(globalThis, 'setTimeout');
    try {
      const source = 'x = ('.repeat(4_000);
      const cells = [
        { type: 'code', source },
        { type: 'code', source: '"a"' }
      ];
      const notebook = { cells, language: 'python' };
      const finder = makeFinder();
      const [found] = await finder.find(notebook, 0);
      expect(found.kind).toBe('raw');
      expect(found.value).toBe(source);
      expect(found.problem).toContain('takes too long');
      // Each look is 40 ms later, and the next one is behind a turn of the page.
      expect(turns.mock.calls.length).toBeGreaterThan(50);
      expect(looks).toBeLessThan(300);
      const [other] = await finder.find(notebook, 1);
      expect(other.value).toBe('a');
    } finally {
      now.mockRestore();
      turns.mockRestore();
    }
  });

  it('gives the page turns between texts that are expensive', () => {
    const text = `"""${'a\n'.repeat(9_000)}"""`;
    const source = `x = ${'dedent('.repeat(20)}${text}${')'.repeat(20)}`;
    const context = {
      lookup: () => null,
      trans: nullTranslator.load('lit_lab')
    };
    const work = findingStrings(source, context, parser.parse(source));
    let turns = 0;
    while (!work.next().done) {
      turns++;
    }
    expect(turns).toBeGreaterThan(10);
  });

  it('and many short ones in a row hold the page no longer', async () => {
    let time = 0;
    let pauses = 0;
    const clock = {
      now: () => (time += 2),
      pause: async () => void pauses++
    };
    const patience = { left: 1e9 };
    for (let cell = 0; cell < 100; cell++) {
      // Too few steps for a look at the clock between them.
      await inPieces(working(5), patience, clock);
    }
    expect(pauses).toBeGreaterThan(9);
  });
});
