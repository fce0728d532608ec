/**
 * Nothing that reads a user's text takes more than in proportion to its length,
 * whatever it holds. What would is found out long before the longest text.
 */
import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { alignParts } from './compare/align';
import { differentWords } from './compare/words';
import { readFacts } from './notebook/strings/facts';
import { readFormat, readPercent } from './notebook/strings/format';
import { decodeLiteral, splitLiteral } from './notebook/strings/literal';
import { cellMagic } from './notebook/strings/magics';
import { atOnce } from './notebook/strings/pieces';
import { findPythonStrings } from './notebook/strings/python';
import { repr, suggest } from './notebook/strings/suggest';
import { lineStarts, paragraphStarts, wordStarts } from './salience/boundaries';
import { segment } from './salience/segment';
import { sentenceStarts } from './salience/sentences';
import { isContinued } from './salience/turns';
import { charactersOf, firstCharacters } from './session/length';
import { MappedBuilder, plain } from './session/mapped';
import { withLineFeeds } from './session/prompt';
import { applyStep } from './session/steps';
import { fill } from './session/template';

const LONGEST = 2_000_000;

const CONTEXT = { lookup: () => null, trans: nullTranslator.load('lit_lab') };
const { parser } = pythonLanguage;

/** Milliseconds; the least of a few tries, since others use the machine too. */
function timeOf(work: () => unknown, enough: number): number {
  let least = Infinity;
  let tries = 0;
  do {
    const begun = performance.now();
    work();
    least = Math.min(least, performance.now() - begun);
  } while (least > enough && ++tries < 4);
  return least;
}

/**
 * Do work on longer and longer texts. Four times the length may take ten times
 * as long; what is quadratic takes sixteen times.
 */
function expectLinear(
  piece: string,
  work: (text: string) => unknown,
  longest = LONGEST
): void {
  let before = 0;
  for (let length = longest / 256; length <= longest; length *= 4) {
    const text = piece.repeat(Math.ceil(length / piece.length));
    const enough = 10 * Math.max(before, 250);
    const time = timeOf(() => work(text), enough);
    if (time > enough) {
      throw new Error(
        `${length} characters of ${JSON.stringify(piece)} take ${time} ms, a quarter of them ${before} ms`
      );
    }
    before = time;
  }
}

const PIECES = [
  'a',
  ' ',
  '\n',
  ' \n',
  '\r',
  '"',
  "'",
  '{',
  '{a}',
  '\\',
  ':',
  'a=',
  'a. ',
  'Dr. ',
  '1. ',
  '`a` ',
  '- ',
  'a-'
];

const TEXTS: Record<string, (text: string) => unknown> = {
  lineStarts,
  paragraphStarts,
  wordStarts,
  sentenceStarts,
  'sentenceStarts, of code': text => sentenceStarts(`def ${text}x x\n`),
  isContinued,
  withLineFeeds,
  repr,
  cellMagic: text => cellMagic(`%%${text}`),
  charactersOf,
  firstCharacters: text => firstCharacters(text, text.length - 1),
  strip: text =>
    applyStep({ ...plain(text, 0), fields: [] }, { name: 'strip' }),
  dedent: text =>
    applyStep({ ...plain(text, 0), fields: [] }, { name: 'dedent' }),
  cleandoc: text =>
    applyStep({ ...plain(text, 0), fields: [] }, { name: 'cleandoc' })
};

describe('a text of 2,000,000 characters', () => {
  describe.each(Object.entries(TEXTS))('%s', (_, work) => {
    it('takes time in proportion', () => {
      for (const piece of PIECES) {
        expectLinear(piece, work, LONGEST / 16);
      }
      expectLinear('a', work);
    }, 300_000);
  });

  it.each(['words', 'sentences', 'lines', 'paragraphs', 'tokens'] as const)(
    'is cut into %s from its tokens',
    granularity => {
      for (const piece of ['aaaa', '   \n', 'Dr. ']) {
        const size = 16;
        expectLinear(piece, text => {
          const tokens = Array.from({ length: text.length / size }, (_, i) => ({
            text: text.slice(size * i, size * i + size),
            kind: 'text' as const
          }));
          return segment(tokens, tokens.length, granularity);
        });
      }
    },
    300_000
  );

  it('is cut into words by the dictionary', () => {
    expectLinear('好', wordStarts, LONGEST / 16);
  }, 300_000);

  it.each(['a', '"', '\\', '\\n', '{', '{{', '{a', '{a:', '{a}', '{"', '}'])(
    'is read as a string: %j',
    piece => {
      expectLinear(
        piece,
        text => {
          const source = `f"""${text}"""`;
          const literal = splitLiteral(source, 0, source.length)!;
          const decoded = {
            builder: new MappedBuilder(),
            fields: [],
            problems: new Set<string>()
          };
          decodeLiteral(source, literal, CONTEXT, decoded);
        },
        piece === 'a' ? LONGEST : LONGEST / 8
      );
    },
    300_000
  );

  it.each(['{', '}', '{a}', '{a[', '%', '%(', '%(a)s', '%s ', 'a'])(
    'is read as a template: %j',
    piece => {
      const none = { positional: [], keyword: new Map(), open: true };
      expectLinear(
        piece,
        text => {
          readFormat(plain(text, 0), none, CONTEXT);
          readPercent(plain(text, 0), none, CONTEXT);
        },
        LONGEST / 8
      );
    },
    300_000
  );

  it('is filled in', () => {
    expectLinear(
      '{a}',
      text => {
        const map = plain(text, 0);
        const fields = Array.from({ length: text.length / 3 }, (_, i) => ({
          name: 'a',
          expression: 'a',
          value: [3 * i, 3 * i + 3] as const
        }));
        return fill({ kind: 'f-string', ...map, fields }, { a: 'soup' });
      },
      LONGEST / 4
    );
  }, 300_000);

  it.each([
    ['"a" + ', '"a"'],
    ['x + ', '"a"'],
    ['"a"\n', ''],
    ['x = "a"\n', ''],
    ['x = ', '"a"'],
    ['(', '"a"'],
    ['f(', 'x)'],
    ['"a".strip().', 'strip()'],
    ['[', '"a"']
  ])(
    'is found and known in code: %j',
    (piece, end) => {
      // The editor's parser reads a token at a time: shorter texts do.
      expectLinear(
        piece,
        text => {
          findPythonStrings(text + end, parser, CONTEXT);
          readFacts(text + end, parser, CONTEXT);
        },
        LONGEST / 64
      );
    },
    300_000
  );

  it('finds values where calls pass what calls pass', () => {
    const source = `def f(a):\n${'  f(a)\n'.repeat(500)}  return f"{a}"`;
    const [text] = findPythonStrings(source, parser, CONTEXT).slice(-1);
    const facts = readFacts(source, parser, CONTEXT);
    const cells = [{ facts, number: 1 }];
    expect(atOnce(suggest(text, cells, 0, parser, CONTEXT))).toEqual({});
  });

  it.each(['a', 'a ', 'a. b ', '"'])(
    'is compared with another: %j',
    piece => {
      expectLinear(
        piece,
        text => {
          differentWords(text, `x ${text.slice(1)}`);
          differentWords(text, 'z '.repeat(text.length / 2));
          alignParts([text], text.match(/.{1,4}/gs)!);
        },
        LONGEST / 64
      );
    },
    300_000
  );
});
