import { pythonLanguage } from '@codemirror/lang-python';
import { StreamLanguage } from '@codemirror/language';
import { nullTranslator } from '@jupyterlab/translation';
import type { Parser } from '@lezer/common';

import { findOtherStrings } from './other';

/** A line by line highlighter, as the editor has one for R and Julia. */
const lines = StreamLanguage.define<{ open: boolean }>({
  startState: () => ({ open: false }),
  token: (stream, state) => {
    if (!state.open && stream.next() !== '"') {
      return null;
    }
    state.open = !(stream.skipTo('"') && stream.next());
    if (state.open) {
      stream.skipToEnd();
    }
    return 'string';
  }
});

const context = {
  lookup: () => null,
  trans: nullTranslator.load('lit_lab')
};

const find = (source: string, parser: Parser) =>
  findOtherStrings(source, parser, context).map(({ value, map, span }) => {
    expect(map.map(run => source.slice(...run.source)).join('')).toBe(value);
    return [value, source.slice(...span)];
  });

describe('findOtherStrings', () => {
  it('takes what a grammar calls a string', () => {
    expect(find('f("a", r\'b\')', pythonLanguage.parser)).toEqual([
      ['a', '"a"'],
      ['b', "r'b'"]
    ]);
  });

  it('joins the lines of a string that a highlighter has cut', () => {
    expect(find('x <- "a\nb\n\nc" + "d"', lines.parser)).toEqual([
      ['a\nb\n\nc', '"a\nb\n\nc"'],
      ['d', '"d"']
    ]);
  });

  it('says that escapes are left as written', () => {
    const [found] = findOtherStrings('"a\\n"', lines.parser, context);
    expect(found.value).toBe('a\\n');
    expect(found.problem).toContain('Escape sequences');
  });

  it('does without a closing quote', () => {
    expect(find('x <- "a\nb', lines.parser)).toEqual([['a\nb', '"a\nb']]);
  });
});
