/** Nothing that reads a user's text takes more than in proportion to its length; see linear.ts. */
import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import { alignParts } from './compare/align';
import { differentWords } from './compare/words';
import { AutoText } from './components/autotext';
import { PanelContext } from './components/context';
import { expectLinear, LONG, MAX_UNITS, OTHER_SHAPES, SHAPES } from './linear';
import { shadedRanges } from './notebook/overlay';
import { readFormat, readPercent } from './notebook/strings/format';
import { decodeLiteral, splitLiteral } from './notebook/strings/literal';
import { cellMagic } from './notebook/strings/magics';
import { repr } from './notebook/strings/repr';
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

const trans = nullTranslator.load('lit_lab');
const CONTEXT = { lookup: () => null, trans };

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

describe('a long text', () => {
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
        ['a b\n', MAX_UNITS / 4],
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
