import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { takenByIPython } from './ipython';
import { findPythonStrings } from './python';

/** A cell as Python reads it. */
function inKernel(source: string): string {
  const { blanks, margins, prompts } = takenByIPython(source);
  return [...blanks, ...margins, ...prompts]
    .sort((a, b) => b[0] - a[0])
    .reduce((text, [from, to]) => text.slice(0, from) + text.slice(to), source);
}

const problems = (source: string) =>
  findPythonStrings(source, pythonLanguage.parser, {
    lookup: () => null,
    trans: nullTranslator.load('lit_lab')
  }).map(({ problem }) => problem ?? '');

describe('takenByIPython', () => {
  // As IPython 9.18's TransformerManager().transform_cell has them.
  it.each([
    ['p = """One.\n    \nTwo."""', 'p = """One.\n\nTwo."""'],
    ['p = """a\n>>> f(2)\n4\n"""', 'p = """a\nf(2)\n4\n"""'],
    ['"""a\n>>> f(2)\n"""', '"""a\n>>> f(2)\n"""'],
    ['>>> x = 1\n... y = 2', 'x = 1\ny = 2'],
    ['In [1]: x = 1\n   ...: y = 2', 'x = 1\ny = 2'],
    ['x = 1\n... ', 'x = 1\n... '],
    ['  x = """a\n  b"""', 'x = """a\nb"""'],
    ['x = "a" ', 'x = "a" ']
  ])('of %j', (source, expected) => {
    expect(inKernel(source)).toBe(expected);
  });

  it('is said of the texts that it changes', () => {
    expect(problems('p = """One.\n    \nTwo."""')[0]).toContain('only blanks');
    expect(problems('p = """a\n>>> f(2)\n"""')[0]).toContain('prompts');
    expect(problems('  p = """a\n  b"""')[0]).toContain('begin with');
    expect(problems('p = "a"\n   \nq = f("b")')).toEqual(['', '']);
  });
});
