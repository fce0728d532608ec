import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { pythonLiteral } from '../datasets/literal';
import { findPythonStrings } from '../notebook/strings/python';

describe('a dataset’s prompt that is inserted into a notebook', () => {
  it.each([
    'plain',
    'two\nlines\n',
    'C:\\new\\x41 \\N{BULLET}',
    'ends with \\',
    '"quoted"',
    '""""',
    'a """ b',
    'CR\rLF\r\nNUL\0',
    'ä 😀 \u2028 {braces}'
  ])('is found again as exactly the text: %j', text => {
    const found = findPythonStrings(
      `prompt = ${pythonLiteral(text)}`,
      pythonLanguage.parser,
      { lookup: () => null, trans: nullTranslator.load('lit_lab') }
    );
    expect(found.map(({ value }) => value)).toEqual([text]);
  });
});
