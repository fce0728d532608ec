/** Kinds of notebooks that values were once filled into wrongly. */
import { suggested, valuesOf } from './fakes';

/** Cells, the index of the one that is asked, and the values of its fields. */
type Case = readonly [
  string,
  readonly string[],
  number,
  Record<string, string>
];

const KNOWN: readonly Case[] = [
  [
    'a file cell is no Python',
    ['town = "Rome"', '%%writefile deploy.sh\ntown=$1', 'f"{town}"'],
    2,
    { town: 'Rome' }
  ],
  [
    'a shell cell is no Python',
    ['town = "Rome"', '%%bash\ntown=Paris\necho $town', 'f"{town}"'],
    2,
    { town: 'Rome' }
  ],
  [
    'a page cell is no Python',
    ['n = 5', '%%html\n<b n = 7>\nn = 9', 'f"{n}"'],
    2,
    { n: '5' }
  ],
  ['%%time is Python', ['n = 5', '%%time\nn = 7', 'f"{n}"'], 2, { n: '7' }],
  [
    '%%timeit binds nothing',
    ['n = 5', '%%timeit\nn = 7', 'f"{n}"'],
    2,
    { n: '5' }
  ],
  [
    'a pure method',
    ['name = "ada"\nname = name.title()\nf"Hello {name}."'],
    0,
    { name: 'Ada' }
  ],
  [
    'an f-string of known parts',
    [
      'history = "Hi."\ndata = f"<h>{history}</h>"\nf"{data} Answer."',
      'data = ""'
    ],
    0,
    { data: '<h>Hi.</h>' }
  ],
  [
    'each item of a loop, the first to begin with',
    ['q = "old?"', 'for q in ["a?", "b?"]:\n    llm(f"Answer: {q}")'],
    1,
    { q: 'a?' }
  ],
  [
    'the call of format that reaches the text',
    [
      'prompt = "Hello {name}."',
      'llm(prompt.format(name="Ada"))',
      'prompt = "Bye {name} of {town}."',
      'llm(prompt.format(name="Bob", town="Rome"))'
    ],
    2,
    { name: 'Bob', town: 'Rome' }
  ],
  [
    'a mapping of literals',
    [
      'T = "Sum up {text} in {n} words."\nargs = {"text": "a story", "n": 5}\nllm(T.format(**args))'
    ],
    0,
    { text: 'a story', n: '5' }
  ],
  [
    'an item of a dictionary of templates',
    ['P = {"sum": "Sum up {text}."}', 'llm(P["sum"].format(text="a story"))'],
    0,
    { text: 'a story' }
  ],
  [
    'format_map',
    ['T = "Sum up {text}."\nllm(T.format_map({"text": "a story"}))'],
    0,
    { text: 'a story' }
  ],
  [
    'operators, items and lengths',
    [
      'a = "="*5; b = ["x", "y"][1]; c = {"k": "v"}["k"]; d = a + b; n = len(d)',
      'f"{a} {b} {c} {d} {n}"'
    ],
    1,
    { a: '=====', b: 'y', c: 'v', d: '=====y', n: '6' }
  ],
  [
    'a text that is joined',
    ['topic = "rain"', 'p = "\\n".join(["a", f"on {topic}"])', 'f"{p}"'],
    2,
    { p: 'a\non rain' }
  ],
  [
    'dedent, where it is imported',
    ['from textwrap import dedent\np = dedent("""\\\n  a\n   b""")', 'f"{p}"'],
    1,
    { p: 'a\n b' }
  ],
  [
    'a branch whose condition is known',
    ['x = "a"\nif len(x) == 1:\n    x = "b"', 'f"{x}"'],
    1,
    { x: 'b' }
  ],
  [
    'a list comprehension',
    ['xs = ["a", "b"]\np = ", ".join([f"<{x}>" for x in xs])', 'f"{p}"'],
    1,
    { p: '<a>, <b>' }
  ],
  [
    'what is appended to a list, by any of its names',
    ['x = []; y = x\nx.append("a")\ny.extend(["b"])\nx += ("c",)', 'f"{y}"'],
    1,
    { y: "['a', 'b', 'c']" }
  ],
  [
    'what the rounds of a loop over literals add',
    ['p = "-"\nfor q in ["a", "b"]:\n    p += q\nf"{p}"'],
    0,
    { p: '-ab' }
  ]
];

/** Cells, the index of the one that is asked, and why it has no value. */
const BLOCKED: readonly (readonly [string, readonly string[], string])[] = [
  ['input', ['x = "a"', 'x = input()'], 'built at run time in cell 2'],
  ['an unknown call', ['x = "a"', 'x = f(x)'], 'built at run time in cell 2'],
  [
    '+= of what is not known',
    ['x = "a"', 'x += f()'],
    'built at run time in cell 2'
  ],
  [
    'a loop',
    ['x = "a"', 'for i in y:\n    x += "b"'],
    'changed in a loop in cell 2, line 1'
  ],
  ['with', ['x = "a"', 'with f() as x: pass'], 'built at run time in cell 2'],
  ['import', ['x = "a"', 'import x'], 'built at run time in cell 2'],
  ['import as', ['x = "a"', 'import y as x'], 'built at run time in cell 2'],
  [
    'import *',
    ['x = "a"', 'from y import *'],
    'may be changed by the code in cell 2'
  ],
  [
    'exec',
    ['x = "a"', 'exec("x = 1")'],
    'may be changed by the code in cell 2'
  ],
  [
    'globals',
    ['x = "a"', 'globals()["x"] = 1'],
    'may be changed by the code in cell 2'
  ],
  [
    '%run',
    ['x = "a"', '%run other.py'],
    'may be changed by the code in cell 2'
  ],
  [
    '%store',
    ['x = "a"', '%store -r x'],
    'may be changed by the code in cell 2'
  ],
  ['a shell command', ['x = "a"', 'x = !ls'], 'built at run time in cell 2'],
  ['a magic', ['x = "a"', 'x = %pwd'], 'built at run time in cell 2'],
  ['def', ['x = "a"', 'def x(): pass'], 'built at run time in cell 2'],
  ['class', ['x = "a"', 'class x: pass'], ''],
  ['a walrus', ['x = "a"', 'print(x := f())'], 'built at run time in cell 2'],
  ['match', ['x = "a"', 'match f():\n    case [x]: pass'], ''],
  ['a global', ['x = "a"', 'def f():\n    global x\n    x = g()\nrun(f)'], ''],
  ['del', ['x = "a"', 'del x'], ''],
  ['pop', ['x = ["a"]', 'x.pop()'], 'may be changed at run time in cell 2'],
  [
    'append in a branch',
    ['x = ["a"]', 'if f(): x.append("b")'],
    'may be changed at run time in cell 2'
  ],
  [
    'an item',
    ['x = ["a"]', 'x[0] = "b"'],
    'may be changed at run time in cell 2'
  ],
  [
    'an alias',
    ['x = ["a"]', 'y = x\ny.clear()'],
    'may be changed at run time in cell 2, line 2'
  ],
  [
    'a call with a list',
    ['x = ["a"]', 'f(x)'],
    'may be changed at run time in cell 2'
  ],
  [
    'update',
    ['x = {"a": 1}', 'x.update(b=2)'],
    'may be changed at run time in cell 2'
  ],
  [
    'a class whose name may be its own',
    ['x = ["a"]', 'class A:\n    if f():\n        x = []\n    g(x)'],
    ''
  ],
  [
    'a method that print calls',
    [
      'x = "a"\nclass A:\n    def __str__(self):\n        global x\n        x = "b"\n        return ""',
      'print(A())'
    ],
    ''
  ],
  ["a shadowed name of Python's", ['len = f', 'x = len("a")'], '']
];

describe('a field', () => {
  it.each(KNOWN)('knows %s', async (_, cells, index, values) => {
    expect(await valuesOf(cells, index)).toEqual(values);
  });

  it.each(BLOCKED)('is blocked by %s', async (_, cells, why) => {
    const all = [...cells, 'f"{x}"'];
    const { suggestions } = await suggested(all, all.length - 1);
    expect(suggestions.x.value).toBeNull();
    if (why !== '') {
      expect(suggestions.x.from).toBe(why);
    }
  });

  it('takes nothing from a lambda’s namesake', async () => {
    const cells = ['q = "old?"', 'ask = lambda q: llm(f"Answer: {q}")'];
    expect(await valuesOf(cells, 1)).toEqual({});
  });

  it('is blocked by except in what it handles', async () => {
    const cells = ['x = "a"', 'try: f()\nexcept E as x: g(f"{x}")'];
    expect(await valuesOf(cells, 1)).toEqual({});
  });

  it('leaves a choice of a branch to the user', async () => {
    const cells = ['x = "a"', 'if f():\n    x = "b"', 'f"{x}"'];
    const { suggestions } = await suggested(cells, 2);
    expect(suggestions.x.value).toBeNull();
    expect(suggestions.x.choices).toEqual([
      { value: 'a', from: 'cell 1' },
      { value: 'b', from: 'cell 2, line 2' }
    ]);
  });

  it('offers what each call of format gives it', async () => {
    const cells = [
      't = "Hi {name}."',
      't.format(name="Ada")\nt.format(name="Bob")'
    ];
    const { suggestions } = await suggested(cells, 0);
    expect(suggestions.name.value).toBe('Ada');
    expect(suggestions.name.from).toBe('cell 2, line 1 (1 of 2)');
    expect(suggestions.name.choices?.map(({ value }) => value)).toEqual([
      'Ada',
      'Bob'
    ]);
  });

  it('is none in a text that no call reaches', async () => {
    const cells = [
      't = "{\\"a\\": 1}"',
      't = "Hi {name}."\nt.format(name="Ada")'
    ];
    const { found } = await suggested(cells, 0);
    expect(found.map(({ kind }) => kind)).toEqual(['string']);
  });

  it('follows execution counts where they differ from the order', async () => {
    const cells = ['x = "a"', 'x = "b"', 'f"{x}"'];
    expect(await valuesOf(cells, 2, [5, 3, 6])).toEqual({ x: 'a' });
    expect(await valuesOf(cells, 2, [1, 2, 3])).toEqual({ x: 'b' });
    expect(await valuesOf(cells, 2, [5, 3, null])).toEqual({ x: 'a' });
  });

  it('takes what is below where nothing is above', async () => {
    const cells = ['p = f"Topic: {topic}"\ntopic = "rain"'];
    expect(await valuesOf(cells, 0)).toEqual({ topic: 'rain' });
  });
});
