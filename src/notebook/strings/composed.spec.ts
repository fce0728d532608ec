import { sourceSpans } from '../../session/mapped';
import { shadedRanges } from '../overlay';
import { codeCells, pythonFinder } from '../values/fakes';
import { composed, CONCATENATION, POEM, STEPS } from './fixtures';

type Case = [
  name: string,
  cells: readonly string[],
  value: string,
  values: Readonly<Record<string, string>>,
  index?: number
];

/** Cells, the value of the last cell's composed text, and its fields' values. */
const CASES: readonly Case[] = [
  [
    'literals and names',
    [CONCATENATION],
    'Answer for a child. {rules}Question: {q}\nAnswer:',
    { rules: 'Be brief. ', q: 'What is a quark?' }
  ],
  ['steps', STEPS, POEM, { topic: 'rain' }, 0],
  [
    'a join',
    [
      'prompt = "\\n".join(["You are a poet.", "Write two lines.", f"Topic: {topic}"])',
      STEPS[1]
    ],
    POEM,
    { topic: 'rain' },
    0
  ],
  [
    'a join of a tuple with names in it',
    ['p = "\\n".join(("Be brief.", q, "A:"))\nq = "Why?"'],
    'Be brief.\n{q}\nA:',
    { q: 'Why?' }
  ],
  [
    'lines that are appended to a list',
    [
      'lines = ["You are a poet."]\nlines.append("Write two lines.")\nlines += [f"Topic: {topic}"]\nprompt = "\\n".join(lines)',
      STEPS[1]
    ],
    POEM,
    { topic: 'rain' },
    0
  ],
  [
    'steps over cells',
    [
      'p = "You are a poet.\\n"',
      'p += "Write.\\n"\np += topic',
      'topic = "Rain"'
    ],
    'You are a poet.\nWrite.\n{topic}',
    { topic: 'Rain' },
    1
  ],
  [
    'a name that is given itself and more',
    ['p = "You are a poet."\np = p + " Write."\np = p + topic\ntopic = "!"'],
    'You are a poet. Write.{topic}',
    { topic: '!' }
  ],
  [
    'a loop over literals',
    [
      'p = "Examples:\\n"\nfor q, a in [("1+1", "2"), ("2+2", "4")]:\n    p += f"Q: {q} A: {a}\\n"\np += "Q: " + question',
      'question = "3+3"'
    ],
    'Examples:\nQ: 1+1 A: 2\nQ: 2+2 A: 4\nQ: {question}',
    { question: '3+3' },
    0
  ],
  [
    'a branch whose way is known',
    ['v = len("a") == 1\np = "A."\nif v:\n    p += "B."\np += q\nq = "C?"'],
    'A.B.{q}',
    { q: 'C?' }
  ],
  [
    'a comprehension over literals',
    ['p = "Items: " + "".join(f"- {x}\\n" for x in ["a", "b"]) + end'],
    'Items: - a\n- b\n{end}',
    {}
  ],
  [
    'dedent and strip of a name',
    [
      'import textwrap\nx = "rain\\nsnow"\np = f"""\n    On {x}:\n      now\n    """\np = textwrap.dedent(p).strip()'
    ],
    'On rain\nsnow:\n      now',
    {}
  ],
  [
    'dedent and strip of a name, which wait for what is filled in',
    [
      'import textwrap\nx = "rain"\np = f"""\n    On {x}:\n      now\n    """\np = textwrap.dedent(p).strip()'
    ],
    'On {x}:\n  now',
    { x: 'rain' }
  ],
  [
    'literals beside each other, in brackets',
    ['p = ("You are kind.\\n" "Q: " + q +\n     "\\nA:")\nq = "Why?"'],
    'You are kind.\nQ: {q}\nA:',
    { q: 'Why?' }
  ],
  [
    'names of long texts, which are part of it',
    [
      'RULES = """Be kind.\nBe brief.\n"""\nEXAMPLES = """Q: a\nA: b\n"""\np = RULES + EXAMPLES + q\nq = "Q: c?"'
    ],
    'Be kind.\nBe brief.\nQ: a\nA: b\n{q}',
    { q: 'Q: c?' }
  ],
  [
    'an f-string with another text in it',
    ['RULES = """Be kind.\nBe brief."""\np = f"{RULES}\\n\\nQ: {q}"\nq = "c?"'],
    'Be kind.\nBe brief.\n\nQ: {q}',
    { q: 'c?' }
  ],
  [
    'names alone, of another cell',
    ['PREFIX = "Answer: "', 'llm(PREFIX + question)', 'question = "Why?"'],
    '{PREFIX}{question}',
    { PREFIX: 'Answer: ', question: 'Why?' },
    1
  ],
  [
    'numbers, and signs many times',
    ['n = 5\np = "Give " + str(n) + " words.\\n" + "-" * 3'],
    'Give {n} words.\n---',
    { n: '5' }
  ],
  [
    'a template that is filled in',
    ['p = "{} on ".format("Poem") + topic + "\\n%s:" % "A"\ntopic = "rain"'],
    '{} on {topic}\nA:',
    { '0': 'Poem', topic: 'rain' }
  ],
  [
    'calls of functions, of whose literals it is made',
    ['def ex(q):\n    return f"Q: {q}\\n"', 'p = ex("a") + ex("b") + "A:"'],
    'Q: a\nQ: b\nA:',
    {}
  ],
  [
    'what a function makes of its parameters',
    ['def build(q):\n    return "Q: " + q + "\\nA:"\nbuild("Why?")'],
    'Q: {q}\nA:',
    { q: 'Why?' }
  ],
  [
    'a value that changes between two of its uses',
    ['x = "a"\np = "1: " + x\nx = "b"\np += ", 2: " + x'],
    '1: {x}, 2: b',
    { x: 'a' }
  ],
  [
    'a text whose case is changed, with it',
    ['name = "Ada"\np = ("Hi " + name).upper() + "!"'],
    'HI ADA!',
    {}
  ]
];

describe('a composed text', () => {
  it.each(CASES)('is one of %s', async (...[, cells, value, values, index]) => {
    const [text, ...others] = await composed(cells, index);
    expect(text?.value).toBe(value);
    expect(text.values).toEqual(values);
    expect(text.problem).toBeUndefined();
    expect(others).toEqual([]);
  });

  it('leads back to each literal and name', async () => {
    const [{ filled, map, value }] = await composed([CONCATENATION]);
    expect(filled.value).toBe(
      'Answer for a child. Be brief. Question: What is a quark?\nAnswer:'
    );
    const own = map.map(({ value: [from, to], source }) => [
      value.slice(from, to),
      CONCATENATION.slice(...source)
    ]);
    expect(own).toEqual([
      ['Answer for a child. ', 'Answer for a child. '],
      ['{rules}', 'rules'],
      ['Question: ', 'Question: '],
      ['{q}', 'q'],
      ['\n', '\\n'],
      ['Answer:', 'Answer:']
    ]);
  });

  it('shades literals in any order, and none of other cells', async () => {
    const cells = [
      'intro = "From elsewhere.\\nYes.\\n"',
      'end = """Be kind.\nBe brief."""\np = "First.\\n" + end\np = intro + p'
    ];
    const [{ filled }] = await composed(cells);
    const at = (text: string) => {
      const from = filled.value.indexOf(text);
      const span = [from, from + text.length] as const;
      return shadedRanges(
        [{ span, weight: 1, rank: 1, label: '' }],
        filled.map,
        cells[1]
      ).map(({ span: [a, b] }) => cells[1].slice(a, b));
    };
    expect(at('First.\nBe kind.')).toEqual(['Be kind.', 'First.\\n']);
    expect(sourceSpans(filled.map, [0, filled.value.length])).toHaveLength(3);
    const shared = ['q = "Why?"\np = "Q: "\np += q', 'p += "\\nA:"'];
    const [other] = await composed(shared);
    expect(other.value).toBe('Q: {q}\nA:');
    expect(sourceSpans(other.map, [0, 5])).toEqual([]);
  });

  it('says where only running the code tells which text it is', async () => {
    const cells = ['p = "A."\nif ask():\n    p += "B."\np += "C."'];
    const found = await composed(cells);
    expect(found.map(({ value }) => value)).toEqual(['A.B.C.', 'A.C.']);
    expect(found[0].problem).toMatch(/which one depends on the run/);
    const [last] = await composed(['p = "A."\nif ask():\n    p += "B."']);
    expect(last.problem).toMatch(/depends on the run/);
  });

  it('says why a part of it is not known', async () => {
    const cells = ['p = "A.\\n"\nfor d in load():\n    p += d\np += "End"'];
    const [{ value, suggestions }] = await composed(cells);
    expect(value).toBe('{p}End');
    expect(suggestions).toEqual({
      p: { value: null, from: 'changed in a loop in cell 1, line 2' }
    });
    const [asked] = await composed(['p = "Q: " + input() + "\\nA:"']);
    expect(asked.suggestions['input()']).toEqual({
      value: null,
      from: 'built at run time in cell 1'
    });
  });

  it('is none where a literal, an f-string or a template says all', async () => {
    const cells = [
      'a = "a" + "b"\nb = ("c" "d")\nc = f"{a}!"\nd = "{}".format(b)\ne = " a ".strip()\nf = "%s" % a'
    ];
    expect(await composed(cells)).toEqual([]);
  });

  it('is offered once for all of its steps', async () => {
    const notebook = codeCells(STEPS);
    const found = await pythonFinder().find(notebook, 0);
    expect(found.map(({ kind, value }) => [kind, value])).toEqual([
      ['composed', POEM],
      ['string', 'You are a poet.\n'],
      ['string', 'Write two lines.\n'],
      ['f-string', 'Topic: {topic}']
    ]);
  });

  it('stays short where code makes no short one', async () => {
    const long = `p = "${'x'.repeat(900_000)}"\np = p + p\np = "a" + p`;
    const found = await composed([long]);
    expect(Math.max(0, ...found.map(({ value }) => value.length))).toBeLessThan(
      1_000_001
    );
    const steps = `p = "a"\n${'p = p + "b" + q\n'.repeat(40)}`;
    const [text] = await composed([steps]);
    expect(text.fields).toHaveLength(40);
  });
});
