/** Nothing that reads a user's code takes more than in proportion to its length; see linear.ts. */
import { pythonLanguage } from '@codemirror/lang-python';
import { EditorLanguageRegistry } from '@jupyterlab/codemirror';
import { nullTranslator } from '@jupyterlab/translation';
import type { Tree } from '@lezer/common';

import { expectLinear, MAX_UNITS, SHAPES } from './linear';
import { StringFinder } from './notebook/strings/finder';
import { parsingWithMagics } from './notebook/strings/magics';
import { findOtherStrings } from './notebook/strings/other';
import { atOnce } from './notebook/strings/pieces';
import { findPythonStrings } from './notebook/strings/python';
import { runNotebook } from './notebook/values/run';

const trans = nullTranslator.load('lit_lab');
const CONTEXT = { lookup: () => null, trans };
const { parser } = pythonLanguage;

/** Of code that makes no sense the editor's parsers read a few thousand units a second. */
const SENSELESS = MAX_UNITS / 64;

describe('long code', () => {
  it.each([
    ['"a" + ', '"a"', SENSELESS],
    ['x + ', '"a"', SENSELESS],
    ['"a"\n', '', MAX_UNITS / 8],
    ['x = "a"\n', '', MAX_UNITS / 8],
    ['x = f"{a}"\n', '', MAX_UNITS / 8],
    [`"""${'a\n'.repeat(50)}"""\n`, '', MAX_UNITS / 4],
    ['!pip install "a"\n', '', MAX_UNITS / 4],
    ['x = !ls "a"\n', '', MAX_UNITS / 4],
    ['f("a")\n', '', MAX_UNITS / 16],
    ['x = ', '"a"', SENSELESS],
    ['(', '"a"', SENSELESS / 4],
    ['f(', 'x)', SENSELESS],
    ['"a".strip().', 'strip()', SENSELESS],
    ['[', '"a"', SENSELESS]
  ])(
    'is found and known: %j',
    (piece, end, longest) => {
      let [steps, units] = [0, 0];
      expectLinear(
        piece,
        (text, tree: Tree) => {
          findPythonStrings(text + end, parser, CONTEXT, tree);
        },
        longest,
        text => {
          units += text.length;
          const work = parsingWithMagics(text + end, parser);
          for (let step = work.next(); ; step = work.next()) {
            if (step.done) {
              return step.value!;
            }
            steps++;
          }
        }
      );
      // Reading has steps, which can be counted: a token or so each.
      expect(steps).toBeLessThan(3 * units);
    },
    300_000
  );

  it('finds values where calls pass what calls pass', () => {
    const source = `def f(a):\n${'  f(a)\n'.repeat(500)}  return f"{a}"`;
    const cells = [{ source, tree: parser.parse(source), count: null }];
    const { seen } = atOnce(runNotebook(cells, () => null));
    expect([...seen.values()].flatMap(({ options }) => options)).toEqual([]);
  });

  const registry = new EditorLanguageRegistry();
  for (const language of EditorLanguageRegistry.getDefaultLanguages()) {
    registry.addLanguage(language);
  }
  const LANGUAGES = [
    ...['r', 'julia', 'javascript', 'typescript', 'c++', 'java', 'rust'],
    ...['sql', 'scala', 'ruby', 'shell', 'go', 'haskell', 'octave']
  ];

  it.each(LANGUAGES)(
    'has its strings found: %s',
    async name => {
      const language = await registry.getLanguage(name);
      const { parser: other } = language!.support!.language;
      expectLinear(
        'x = "abc";\n',
        text => findOtherStrings(text, other, CONTEXT),
        MAX_UNITS / 16
      );
    },
    300_000
  );

  it.each(['python', ...LANGUAGES])(
    'is left as one text where reading it takes too long: %s',
    async language => {
      const finder = new StringFinder({
        languages: registry,
        unicodeNames: async () => new Map(),
        trans
      });
      let looks = 0;
      const now = jest
        .spyOn(performance, 'now')
        .mockImplementation(() => 100 * ++looks);
      try {
        // Python and R stand for both kinds of parsers.
        const others = /^(python|r)$/.test(language) ? SHAPES : [];
        for (const piece of ['x = "abc";\n', 'x = "abc"; ', ...others]) {
          const source = piece.repeat(2_000_000 / piece.length);
          const cells = [{ type: 'code', source }];
          looks = 0;
          const found = await finder.find({ cells, language }, 0);
          // Five seconds, by this clock, which is also read after each pause.
          expect(looks).toBeLessThan(110);
          if (piece.startsWith('x')) {
            expect(found.map(({ value }) => value === source)).toEqual([true]);
            expect(found[0].problem).toContain('takes too long');
          }
        }
      } finally {
        now.mockRestore();
      }
    },
    300_000
  );
});
