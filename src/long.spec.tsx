/**
 * Nothing that reads a user's text takes more than in proportion to its length,
 * whatever it holds.
 *
 * Regular expressions tell nobody how many steps they take. So work is weighed:
 * by the processor's time that this process spends on it, of which others on the
 * machine take nothing, against a plain loop over a text of the same length. What
 * is in proportion takes a few times as long as the loop, up to thirty times; what
 * is quadratic takes thousands of times as long.
 */
// eslint-disable-next-line jupyter/prefer-lazy-imports -- a spec; the rule knows those of .spec.ts alone
import { pythonLanguage } from '@codemirror/lang-python';
import { EditorLanguageRegistry } from '@jupyterlab/codemirror';
import { nullTranslator } from '@jupyterlab/translation';
import type { Tree } from '@lezer/common';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import { alignParts } from './compare/align';
import { differentWords } from './compare/words';
import { AutoText } from './components/autotext';
import { PanelContext } from './components/context';
import { shadedRanges } from './notebook/overlay';
import { StringFinder } from './notebook/strings/finder';
import { readFormat, readPercent } from './notebook/strings/format';
import { decodeLiteral, splitLiteral } from './notebook/strings/literal';
import { cellMagic, parsingWithMagics } from './notebook/strings/magics';
import { findOtherStrings } from './notebook/strings/other';
import { atOnce } from './notebook/strings/pieces';
import { findPythonStrings } from './notebook/strings/python';
import { repr } from './notebook/strings/repr';
import { runNotebook } from './notebook/values/run';
import { lineStarts, paragraphStarts, wordStarts } from './salience/boundaries';
import { GRANULARITIES, segment } from './salience/segment';
import { sentenceStarts } from './salience/sentences';
import { isContinued } from './salience/turns';
import { exampleLabel } from './session/fewshot';
import { charactersOf, firstCharacters } from './session/length';
import { MappedBuilder, plain } from './session/mapped';
import { checkPrompt } from './session/problem';
import { withLineFeeds } from './session/prompt';
import { applyStep } from './session/steps';
import { fill } from './session/template';

declare const process: { cpuUsage(): { user: number; system: number } };

const MAX_UNITS = 2_000_000;

/** What most shapes of a text are tried at; quadratic work shows there, too. */
const LONG = MAX_UNITS / 16;

/** How many times as long as the loop work may take. */
const MAX_RATIO = 250;

/** Milliseconds that are always allowed: short times tell nothing. */
const ALWAYS_ALLOWED = 400;

const TRIES = 6;

const trans = nullTranslator.load('lit_lab');
const CONTEXT = { lookup: () => null, trans };
const { parser } = pythonLanguage;

/** Milliseconds that the processor spends on some work for us. */
function weigh(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage();
  return (user + system - before.user - before.system) / 1000;
}

/** What work is weighed against. */
function loop(text: string): number[] {
  const units: number[] = [];
  for (let at = 0; at < text.length; at++) {
    units.push(text.charCodeAt(at));
  }
  return units;
}

/**
 * Do work on a text of that length, and before on one of a sixteenth of it: what is
 * quadratic is then found out before it takes for ever. One good try of several is
 * enough, since memory and caches are everybody's.
 *
 * @param make - makes what work needs besides; that isn't weighed.
 */
function expectLinear<T>(
  piece: string,
  work: (text: string, made: T) => unknown,
  longest = MAX_UNITS,
  make: (text: string) => T = () => undefined as T
): void {
  for (const length of [longest / 16, longest]) {
    const text = piece.repeat(length / piece.length);
    const made = make(text);
    const taken: string[] = [];
    for (;;) {
      const time = weigh(() => work(text, made));
      const allowed =
        time <= ALWAYS_ALLOWED
          ? ALWAYS_ALLOWED
          : MAX_RATIO * weigh(() => loop(text));
      if (time <= Math.max(ALWAYS_ALLOWED, allowed)) {
        break;
      }
      taken.push(`${Math.round(time)} of ${Math.round(allowed)} ms`);
      if (taken.length === TRIES) {
        throw new Error(
          `${length} characters of ${JSON.stringify(piece)} take ${taken.join(', ')}`
        );
      }
    }
  }
}

/** What is tried first: words, blanks, lines, brackets, quotes, pairs and halves of them. */
const SHAPES = ['a', ' ', ' \n', '(', '"', '`a` ', '🥚', '\ud83e'];

const OTHER_SHAPES = [
  ...['\n', '\r', "'", '`', '[', '{', '}', '{a}', '\\', ':', '=', '.', ' a='],
  ...['a. ', 'Dr. ', 'U.S. ', '1. ', '- ', '# ', '>>> ', 'a-', "a'", '好', 'é'],
  ...['0', '1', '%0', '-0', '.0'],
  ...['<end_of_turn>', '<|im_end|> ', '<start_of_turn>user', '"""']
];

const bare = (text: string) => ({ ...plain(text, 0), fields: [] });
const OPEN = { positional: [], keyword: new Map(), open: true };

function decode(source: string): void {
  const literal = splitLiteral(source, 0, source.length)!;
  const builder = new MappedBuilder();
  decodeLiteral(source, literal, CONTEXT, {
    builder,
    fields: [],
    problems: new Set<string>()
  });
}

const TEXTS: Record<string, (text: string) => unknown> = {
  lineStarts,
  paragraphStarts,
  wordStarts,
  sentenceStarts,
  'sentenceStarts, of code': text => sentenceStarts(`def ${text}x x\n`),
  isContinued,
  withLineFeeds,
  repr,
  charactersOf,
  firstCharacters: text => firstCharacters(text, text.length - 1),
  checkPrompt: text =>
    checkPrompt(
      text,
      { max_prompt_chars: text.length, max_new_tokens: 1 },
      trans
    ),
  exampleLabel,
  cellMagic: text => cellMagic(`%%${text}`),
  strip: text => applyStep(bare(text), { name: 'strip' }),
  'strip, of characters': text =>
    applyStep(bare(text), { name: 'strip', chars: 'a "' }),
  dedent: text => applyStep(bare(text), { name: 'dedent' }),
  cleandoc: text => applyStep(bare(text), { name: 'cleandoc' }),
  'a string': text => decode(`f"""${text}"""`),
  'a field': text => decode(`f"""{${text}}"""`),
  'a field’s format': text => decode(`f"""{x!r:${text}}"""`),
  'a field’s comment': text => decode(`f"""{#${text}}"""`),
  readFormat: text => readFormat(plain(text, 0), OPEN, CONTEXT),
  'readFormat, of a field': text =>
    readFormat(plain(`{${text}}`, 0), OPEN, CONTEXT),
  readPercent: text => readPercent(plain(text, 0), OPEN, CONTEXT),
  'readPercent, of a field': text =>
    readPercent(plain(`%(${text})s`, 0), OPEN, CONTEXT),
  'readPercent, of a width': text =>
    readPercent(plain(`%${text}x`, 0), OPEN, CONTEXT)
};

/** Those that take longest at each unit: fewer shapes of the longest text do. */
const SLOW = new Set([
  'dedent',
  'cleandoc',
  'repr',
  'sentenceStarts',
  'sentenceStarts, of code'
]);

describe('a text of 2,000,000 characters', () => {
  it.each(Object.entries(TEXTS))(
    'takes work in proportion: %s',
    (name, work) => {
      // What stands at an end may be treated otherwise than what is within.
      const within = (text: string) => work(`a${text}a`);
      for (const shape of OTHER_SHAPES) {
        expectLinear(shape, within, LONG);
      }
      for (const shape of SHAPES) {
        expectLinear(shape, work, LONG);
        expectLinear(shape, within, SLOW.has(name) ? MAX_UNITS / 4 : MAX_UNITS);
      }
      expectLinear('a', work);
    },
    300_000
  );

  it.each(GRANULARITIES)(
    'is cut into %s from its tokens',
    granularity => {
      for (const [shape, longest] of [
        ['aaaa', MAX_UNITS],
        ['   \n', MAX_UNITS / 4],
        ['Dr. ', MAX_UNITS / 4],
        ['A line that was wrapped in the\n', MAX_UNITS / 4],
        ['a: (-> ', MAX_UNITS / 4],
        ['a b\n', MAX_UNITS],
        ['<end_of_turn>   ', MAX_UNITS / 4]
      ] as const) {
        const kind = shape.startsWith('<') ? 'control' : 'text';
        expectLinear(
          shape,
          text => {
            const tokens = Array.from({ length: text.length / 4 }, (_, i) => ({
              text: text.slice(4 * i, 4 * i + 4),
              kind
            })) as Parameters<typeof segment>[0];
            return segment(tokens, tokens.length, granularity, {
              joinLines: 'auto'
            });
          },
          longest
        );
      }
    },
    300_000
  );

  it.each(['%(a)s', '%s ', '{a[', '{{', '{a', '{"', '\\n', '\\N{a}'])(
    'is read as a template: %j',
    piece => {
      expectLinear(
        piece,
        text => {
          decode(`f"""${text}"""`);
          readFormat(plain(text, 0), OPEN, CONTEXT);
          readPercent(plain(text, 0), OPEN, CONTEXT);
        },
        MAX_UNITS / 8
      );
    },
    300_000
  );

  it.each(['soup ', 'Q: a\nA: b\n'])(
    'has its examples found: %j',
    piece => expectLinear(piece, text => exampleLabel(`${text}Q: a\nA:`)),
    300_000
  );

  it('has its examples found where each label is another', () => {
    expectLinear(
      'Q000000: a\n',
      (_, prompt: string) => exampleLabel(prompt),
      MAX_UNITS,
      text => {
        let count = 0;
        const half = text
          .slice(0, text.length / 2)
          .replace(/Q0+/g, () => `Q${count++}`);
        return `${half}${half}Q0:`;
      }
    );
  }, 300_000);

  it('is filled in, and shaded', () => {
    expectLinear(
      '{a}',
      text => {
        const map = plain(text, 0);
        const fields = Array.from({ length: text.length / 3 }, (_, i) => ({
          name: 'a',
          expression: 'a',
          value: [3 * i, 3 * i + 3] as const
        }));
        const filled = fill(
          { kind: 'f-string', ...map, fields },
          { a: 'soup' }
        );
        const shades = fields.map((_, i) => ({
          span: [4 * i, 4 * i + 4] as const,
          weight: 1,
          rank: i,
          label: ''
        }));
        return shadedRanges(shades, filled.map, text);
      },
      MAX_UNITS / 4
    );
  }, 300_000);

  it('is read literal by literal, each as far as it goes', () => {
    const source = 'f"{#}" '.repeat(1_000);
    const search = jest.spyOn(String.prototype, 'indexOf');
    try {
      for (let at = 0; at < source.length; at += 7) {
        decodeLiteral(source, splitLiteral(source, at, at + 6)!, CONTEXT, {
          builder: new MappedBuilder(),
          fields: [],
          problems: new Set<string>()
        });
      }
      const searched = search.mock.contexts.map(text => `${text}`.length);
      expect(searched).toHaveLength(1_000);
      expect(Math.max(...searched)).toBeLessThan(7);
    } finally {
      search.mockRestore();
    }
  });

  it.each(['a', 'a ', 'a. b ', '"'])(
    'is compared with another: %j',
    piece => {
      // Both sides are runs, and so no longer than the server takes.
      expectLinear(
        piece,
        text => {
          differentWords(text, `x ${text.slice(1)}`);
          alignParts([text], text.match(/.{1,4}/gs)!);
        },
        MAX_UNITS / 16
      );
      expectLinear(
        piece,
        text => differentWords(text, 'z '.repeat(text.length / 2)),
        MAX_UNITS / 64
      );
    },
    300_000
  );

  it('is neither laid out nor drawn', () => {
    const heights = jest.spyOn(Element.prototype, 'scrollHeight', 'get');
    const host = document.createElement('div');
    const root = createRoot(host);
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    try {
      for (const shape of SHAPES) {
        const value = shape.repeat(MAX_UNITS / shape.length);
        for (const limit of [undefined, 2 * MAX_UNITS]) {
          act(() =>
            root.render(
              <PanelContext value={{ trans, openMenu: () => undefined }}>
                <AutoText value={value} limit={limit} onChange={jest.fn()} />
              </PanelContext>
            )
          );
          const field = host.querySelector('textarea')!;
          expect(field.readOnly).toBe(true);
          expect(field.value.length).toBeLessThan(2_100);
        }
      }
      expect(heights).not.toHaveBeenCalled();
    } finally {
      act(() => root.unmount());
      heights.mockRestore();
    }
  });
});

/** Of code that makes no sense the editor's parsers read a few thousand units a second. */
const SENSELESS = MAX_UNITS / 64;

describe('code of 2,000,000 characters', () => {
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
              return step.value;
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
          const source = piece.repeat(MAX_UNITS / piece.length);
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
