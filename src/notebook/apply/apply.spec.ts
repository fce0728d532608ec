import { stringOrigin } from '../origin';
import { pythonFinder } from '../values/fakes';
import { applied, end, oneCell, replacing } from './fixtures';

type Row = readonly [
  what: string,
  source: string,
  edit: (text: string) => string,
  after: string
];

describe('notebook/apply', () => {
  it.each<Row>([
    ['double quotes', 'p = "a b"', replacing('b', 'c"d'), 'p = "a c\\"d"'],
    ['single quotes', "p = 'a b'", replacing('b', "it's"), "p = 'a it\\'s'"],
    [
      'the other quotes stay',
      "p = 'a b'",
      replacing('b', 'say "x"'),
      'p = \'a say "x"\''
    ],
    ['a line break', 'p = "a b"', replacing(' ', '\n'), 'p = "a\\nb"'],
    ['triple quotes', 'p = """a b"""', replacing(' ', '\n'), 'p = """a\nb"""'],
    [
      'a quote in triple quotes',
      'p = """a b"""',
      replacing('b', '"b" c'),
      'p = """a "b" c"""'
    ],
    [
      'triple-quoted text that ends in a quote',
      'p = """a b"""',
      end(' "c"'),
      'p = """a b "c\\""""'
    ],
    [
      'a quote that comes to stand last',
      'p = """a "b" c"""',
      replacing(' c', ''),
      'p = """a "b\\""""'
    ],
    [
      'three quotes',
      "p = '''a b'''",
      replacing('b', "'''b"),
      "p = '''a ''\\'b'''"
    ],
    ['a backslash', 'p = "a b"', replacing('b', '\\d'), 'p = "a \\\\d"'],
    ['a raw backslash', 'p = r"a b"', replacing('b', '\\d'), 'p = r"a \\d"'],
    ['a tab', 'p = "a b"', replacing(' ', '\t'), 'p = "a\\tb"'],
    [
      'a tab beside tabs',
      'p = "a\tb c"',
      replacing(' ', '\t'),
      'p = "a\tb\tc"'
    ],
    [
      'a control character',
      'p = "a b"',
      replacing(' ', '\x07'),
      'p = "a\\x07b"'
    ],
    [
      'what no one sees',
      'p = "a b"',
      replacing(' ', '\u2028'),
      'p = "a\\u2028b"'
    ],
    [
      'letters of any script',
      'p = "a b"',
      replacing('b', 'é世😀'),
      'p = "a é世😀"'
    ],
    [
      'half of a written character',
      'p = "a \\U0001f600"',
      replacing('😀', '😁'),
      'p = "a 😁"'
    ],
    ['an octal escape', 'p = "a\\0b"', replacing('b', '1'), 'p = "a\\x001"'],
    ['what was no escape', 'p = "a\\db"', replacing('d', 'n'), 'p = "a\\\\nb"'],
    ['the prefix u', "p = u'a b'", replacing('b', 'c'), "p = u'a c'"],
    [
      'a continued line',
      'p = "a \\\n  b c"',
      replacing('c', 'd'),
      'p = "a \\\n  b d"'
    ],
    [
      'what a continued line holds',
      'p = "one\\\ntwo three"',
      replacing('onetwo', 'onetwotwo'),
      'p = "one\\\ntwotwo three"'
    ],
    [
      'an f-string',
      'p = f"Hi {x}, b"',
      replacing('b', '{c}'),
      'p = f"Hi {x}, {{c}}"'
    ],
    [
      'a raw f-string',
      'p = rf"Hi {x}\\d"',
      replacing('d', '{c}'),
      'p = rf"Hi {x}\\{{c}}"'
    ],
    ['before a field', 'p = f"{x} b"', text => `a ${text}`, 'p = f"a {x} b"'],
    ['behind a field', 'p = f"a {x}"', end('!'), 'p = f"a {x}!"'],
    [
      'a field with quotes of its own',
      'p = f"a {x["k"]!r:>{w}} b"',
      replacing('b', '"c"'),
      'p = f"a {x["k"]!r:>{w}} \\"c\\""'
    ],
    [
      'str.format',
      'p = "a {x}".format(x=1)',
      end(' {y}'),
      'p = "a {x} {{y}}".format(x=1)'
    ],
    [
      'str.format with braces',
      'p = "{{a}} {x}".format(x=1)',
      replacing('{a}', '{b}'),
      'p = "{{b}} {x}".format(x=1)'
    ],
    [
      'a percent template',
      'p = "a %s" % x',
      end(', 50%'),
      'p = "a %s, 50%%" % x'
    ],
    [
      'a template without fields',
      'p = "50%% a" % ()',
      end(' %'),
      'p = "50%% a %%" % ()'
    ],
    [
      'two literals',
      'p = "one two " "three"',
      text => text.replace('two', '2').replace('three', '3'),
      'p = "one 2 " "3"'
    ],
    [
      'a seam',
      'p = ("one "\n  "two")',
      replacing('two', 'and two'),
      'p = ("one and "\n  "two")'
    ],
    ['a sum', 'p = "one " + "two"', replacing('two', '2'), 'p = "one " + "2"'],
    [
      'literals that hold a line each',
      'p = ("one\\n"\n  "two\\n"\n  "three")',
      () => 'a\nb\nc',
      'p = ("a\\n"\n  "b\\n"\n  "c")'
    ],
    [
      'a literal that is emptied',
      'p = "one " "two " "three"',
      replacing('two ', ''),
      'p = "one " "" "three"'
    ],
    [
      'strip',
      'p = """\na b\n""".strip()',
      replacing('b', 'c'),
      'p = """\na c\n""".strip()'
    ],
    [
      'the end of what is stripped',
      'p = """\na b\n""".strip()',
      end(' c'),
      'p = """\na b c\n""".strip()'
    ],
    [
      'a line of a dedented text',
      'p = dedent("""\\\n    one\n    two\n""")',
      replacing('one\n', 'one\nand a half\n'),
      'p = dedent("""\\\n    one\n    and a half\n    two\n""")'
    ],
    [
      'the first and the last line of a dedented text',
      'p = dedent("""\n    one\n    two\n    """).strip()',
      text => `zero\n${text}\n\n  three`,
      'p = dedent("""\n    zero\n    one\n    two\n\n      three\n    """).strip()'
    ],
    [
      'a line of a dedented text that goes',
      'p = dedent("""\n    one\n    two\n    three\n""")',
      replacing('two\n', ''),
      'p = dedent("""\n    one\n    three\n""")'
    ],
    [
      'lines of a dedented text that are joined, and parted',
      'p = dedent("""\n    one\n    two three\n""")',
      replacing('one\ntwo three', 'one two\nthree'),
      'p = dedent("""\n    one two\n    three\n""")'
    ],
    [
      'cleandoc',
      'p = cleandoc("""one\n      two\n        three""")',
      replacing('two', 'a\n  b'),
      'p = cleandoc("""one\n      a\n        b\n        three""")'
    ],
    [
      'a dedented f-string',
      'p = dedent(f"""\n    Hi {x}\n    b\n""")',
      replacing('b', '{c}\nd'),
      'p = dedent(f"""\n    Hi {x}\n    {{c}}\n    d\n""")'
    ],
    [
      'long line breaks',
      'p = """a\r\nb"""',
      replacing('b', 'c\nd'),
      'p = """a\r\nc\r\nd"""'
    ],
    ['an empty text', 'p = ""', () => 'a', 'p = "a"'],
    ['a text that is emptied', 'p = "a"', () => '', 'p = ""'],
    [
      'the body of a magic',
      '%%bash\necho a',
      replacing('a', '"b"'),
      '%%bash\necho "b"'
    ]
  ])('%s', async (_, source, edit, after) => {
    const { source: now, reason } = await applied({
      notebook: oneCell(source),
      edit
    });
    expect([now, reason]).toEqual([after, undefined]);
  });

  it('leaves what isn’t edited to itself, in several literals', async () => {
    const source =
      'p = ("One sentence. "  # first\n     f"Two {x} sentences. "\n     r"Three\\d.")';
    const { source: now } = await applied({
      notebook: oneCell(source),
      values: { x: 'long' },
      edit: text => {
        expect(text).toBe('One sentence. Two long sentences. Three\\d.');
        return 'A sentence. Two long, long words. Three\\w.';
      }
    });
    expect(now).toBe(
      'p = ("A sentence. "  # first\n     f"Two {x}, long words. "\n     r"Three\\w.")'
    );
  });

  it('finds a value again that is like the text around it', async () => {
    const { source: now } = await applied({
      notebook: oneCell('p = f"The {x} dog, {y}{x}."'),
      values: { x: 'red', y: '' },
      edit: replacing('The red dog', 'The really red dog')
    });
    expect(now).toBe('p = f"The really {x} dog, {y}{x}."');
  });

  const TALK =
    'm = [\n  {"role": "system", "content": "Be brief."},\n  {"role": "user", "content": f"Is {x} \'sweet\'?"},\n]';

  it('edits the turns of a conversation in their own literals', async () => {
    const { source: now, reason } = await applied({
      notebook: oneCell(TALK),
      values: { x: 'soup' },
      edit: text => text,
      turns: [
        { role: 'system', text: 'Be very brief.' },
        { role: 'user', text: 'Is soup "sour"?' }
      ]
    });
    expect(reason).toBeUndefined();
    expect(now).toBe(
      TALK.replace('Be brief', 'Be very brief').replace("'sweet'", '\\"sour\\"')
    );
  });

  it.each([
    ['added', [...'su'], 'u'],
    ['removed', [...'u'], ''],
    ['of another role', [...'uu'], '']
  ])('refuses turns that are %s', async (_, roles, more) => {
    const { reason } = await applied({
      notebook: oneCell(TALK),
      edit: text => text,
      turns: [...roles, ...more].map(role => ({
        role: role === 's' ? 'system' : 'user',
        text: 'a'
      }))
    });
    expect(reason).toMatch(/Only the texts of turns/);
  });

  it('writes into Markdown and raw cells as they are', async () => {
    for (const type of ['markdown', 'raw']) {
      const { source: now } = await applied({
        notebook: {
          language: 'python',
          cells: [{ type, source: 'a "b"\r\nc' }]
        },
        which: { what: 'cell' },
        edit: () => 'a "b"\n\\d {c}'
      });
      expect(now).toBe('a "b"\r\n\\d {c}');
    }
  });

  it('writes plain words into strings of other languages', async () => {
    const notebook = {
      language: 'python-like',
      cells: [{ type: 'code', source: 'p <- "a b"' }]
    };
    const plain = await applied({ notebook, edit: replacing('b', 'c, é') });
    expect(plain.source).toBe('p <- "a c, é"');
    const odd = await applied({ notebook, edit: replacing('b', '$c') });
    expect(odd.reason).toMatch(/a language other than Python/);
  });

  const COMPOSED =
    'rules = "Be brief and kind to all of the people that you meet today, and never, ever say anything that is not true."\nprompt = "Hi. " + rules + " Name: " + name\nm = [{"role": "user", "content": prompt}]';

  it.each(['composed', 'conversation', 'string'])(
    'edits literals that are parts of others, as those of a %s',
    async kind => {
      const notebook = oneCell(COMPOSED);
      const found = await pythonFinder().find(notebook, 0);
      const index = found.findIndex(one => one.kind === kind);
      const edit = replacing('Be brief', 'Be "very" brief');
      const { value, turns } = found[index];
      const { source: now, reason } = await applied({
        notebook,
        which: stringOrigin(found, index),
        edit,
        ...(turns && {
          turns: [{ role: 'user', text: edit(value.slice(...turns[0].value)) }]
        })
      });
      expect(reason).toBeUndefined();
      expect(now).toBe(COMPOSED.replace('Be brief', 'Be \\"very\\" brief'));
    }
  );

  it.each([
    ['repeats', 'p = "Be brief. " * 2 + x', replacing('brief', 'kind')],
    ['holds twice', 'a = "Be.\\nOk."\np = a + x + a', replacing('Be', 'Do')],
    ['has as a field', 'a = "Be."\np = a + f"Hi {x}"', replacing('{a}', 'b')]
  ])('refuses an edit of one of what a text %s', async (_, source, edit) => {
    const notebook = oneCell(source);
    const found = await pythonFinder().find(notebook, 0);
    const index = found.findIndex(({ kind }) => kind === 'composed');
    const which = stringOrigin(found, index);
    expect((await applied({ notebook, which, edit })).source).toBeUndefined();
  });

  it('doubles the braces of a template that is filled in another cell', async () => {
    const cells = ['t = "Hi {x}"', 'p = t.format(x=1)'].map(source => ({
      type: 'code',
      source
    }));
    const { source: now } = await applied({
      notebook: { language: 'python', cells },
      edit: text => `${text} {y}`
    });
    expect(now).toBe('t = "Hi {x} {{y}}"');
  });

  it('takes seconds at most for long texts', async () => {
    const words = Array.from({ length: 20_000 }, (_, at) => `word${at}`);
    const text = words.join(' ');
    const { source: now } = await applied({
      notebook: oneCell(`p = f"{x} ${text}"`),
      values: { x: 'A' },
      edit: before => `${before.replace('word9 ', 'new ')} end`
    });
    expect(now).toBe(`p = f"{x} ${text.replace('word9 ', 'new ')} end"`);
  });
});
