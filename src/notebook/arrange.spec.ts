import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { arrange } from './arrange';
import { candidatesOf } from './candidates';
import { findConversations } from './strings/conversations';
import { parseWithMagics } from './strings/magics';
import { findPythonStrings } from './strings/python';

const trans = nullTranslator.load('lit_lab');
const { parser } = pythonLanguage;

/** A cell's texts as they are offered. */
function offered(source: string, outputs: string[] = []) {
  const context = { lookup: () => null, trans };
  const tree = parseWithMagics(source, parser);
  const found = [
    ...findConversations(source, context, tree),
    ...findPythonStrings(source, parser, context, tree)
  ];
  const { listed, folded } = arrange(
    candidatesOf({ type: 'code', source, found, outputs })
  );
  return {
    listed: listed.map(({ value }) => value),
    folded: folded.map(({ value }) => value).sort(),
    kinds: listed.map(({ kind }) => kind)
  };
}

describe('arrange', () => {
  it('puts conversations first, then templates, then the longest texts', () => {
    const { kinds, listed, folded } = offered(
      [
        'note = "This text is by far the longest of all these that stand here."',
        'ask = "Name a {}.".format(what)',
        'other = "Two words"',
        'chat(model="small", messages=[{"role": "user", "content": "Hello there!"}])'
      ].join('\n')
    );
    expect(kinds.slice(0, 2)).toEqual(['conversation', 'template']);
    expect(listed.slice(2)).toEqual([
      'This text is by far the longest of all these that stand here.',
      'Hello there!',
      'Two words'
    ]);
    expect(folded).toEqual(['content', 'role', 'small', 'user']);
  });

  it('puts what is printed, docstrings and outputs last', () => {
    const { listed } = offered(
      [
        'class Cook:',
        '  """Cooks whatever the guests would like to eat today."""',
        '  def cook(self):',
        '    if self.tired:',
        '      raise ValueError("The cook is far too tired for any more dishes.")',
        '    logging.info("A dish is %s", self.dish)',
        '    return ask("Which dish?")'
      ].join('\n'),
      [
        'A very long output, which nobody needs as a prompt, but which is there.'
      ]
    );
    expect(listed[0]).toBe('Which dish?');
    expect(listed[1]).toMatch(/^Cooks/);
    expect(listed[2]).toMatch(/^The cook/);
    expect(listed[4]).toMatch(/^A very long/);
  });

  it.each([
    ['a key', '{"the key": 1}', 'the key'],
    ['a subscript', 'd["the key"]', 'the key'],
    ['a list in a subscript', 'd[["the key", ]]', 'the key'],
    ['a tuple in a subscript', 'd["the key", 0]', 'the key'],
    ['the role of a message', '{"role": "the user"}', 'the user'],
    ['the role of a call', 'Message(role="the user")', 'the user'],
    ['a word', 'x = "yes"', 'yes'],
    ['a name of a file', 'open("data/menu.csv")', 'data/menu.csv'],
    [
      'an address',
      'get("https://example.org/?q=a")',
      'https://example.org/?q=a'
    ],
    ['a format', 't.strftime("%Y-%m-%dT%H:%M")', '%Y-%m-%dT%H:%M'],
    ['a module', 'load("os.path")', 'os.path'],
    ['a separator', 'x.split("\\n##")', '\n##'],
    ['a field', 'f"data/{names [0]}.csv"', 'data/{names [0]}.csv']
  ])('folds %s', (_, code, value) => {
    const { listed, folded } = offered(
      `ask("Name a fruit.")\nother("other")\n${code}`
    );
    expect(listed).toEqual(['Name a fruit.']);
    expect(folded).toContain(value);
  });

  it.each([
    ['sentences without blanks', 'x = "请写一首关于春天的诗。"'],
    ['sentences in Thai', 'x = "เขียนบทกวีเกี่ยวกับทะเล"'],
    ['one word as the prompt', 'prompt = "Hello!"'],
    ['fields alone, on lines', 'f"{instruction}\\n\\n{context}"'],
    ['a value of a dictionary', '{"text": "Name a herb."}'],
    ['an item of a list', 'd = ["Name a herb.", "x"]'],
    ['an item of a list that is taken', '["Name a herb.", "x"][0]'],
    ['what is behind a comment', '{"text":  # here\n "Name a herb."}']
  ])('lists %s', (_, code) => {
    const { listed } = offered(
      `ask("Name a fruit.")\nsome("one")\nother("other")\n${code}`
    );
    expect(listed).toHaveLength(2);
  });

  it('folds nothing where all are short, nor a single one', () => {
    expect(offered('a = "yes"\nb = "no"', ['1 2']).folded).toEqual([]);
    expect(offered('a = "yes"\nb = "Two words"')).toMatchObject({
      listed: ['Two words', 'yes'],
      folded: []
    });
  });
});
