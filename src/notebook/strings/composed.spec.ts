import { sourceSpans } from '../../session/mapped';
import { fill } from '../../session/template';
import { arrange } from '../arrange';
import { candidatesOf, meant } from '../candidates';
import { findAgain, moveOrigin, stringOrigin } from '../origin';
import { shadedRanges } from '../overlay';
import { codeCells, pythonFinder } from '../values/fakes';

/** The composed texts of a cell, the first to be meant first. */
async function composed(cells: readonly string[], index = cells.length - 1) {
  const notebook = codeCells(cells);
  const finder = pythonFinder();
  const found = await finder.find(notebook, index);
  const texts = found.filter(({ kind }) => kind === 'composed');
  return Promise.all(
    texts.map(async text => {
      const suggestions = await finder.suggest(notebook, index, text);
      const values = Object.fromEntries(
        Object.entries(suggestions).flatMap(([name, { value }]) =>
          value === null ? [] : [[name, value]]
        )
      );
      return {
        ...text,
        values,
        suggestions,
        ...{ filled: fill(text, values) }
      };
    })
  );
}

/** What a click on a text of cell `index` means. */
async function clicked(cells: readonly string[], on: string, index = 0) {
  const found = await pythonFinder().find(codeCells(cells), index);
  const texts = { type: 'code', source: cells[index], found, outputs: [] };
  const candidates = candidatesOf(texts);
  const offset = cells[index].indexOf(on) + 1;
  const asked = { offset, output: null, selection: null, selected: null };
  const origin = meant(asked, texts, candidates);
  return origin === null
    ? null
    : found[origin.what === 'string' ? origin.ordinal : -1];
}

const CONCATENATION =
  'rules = "Be brief. "\nq = "What is a quark?"\nprompt = "Answer for a child. " + rules + "Question: " + q + "\\nAnswer:"';
const STEPS = [
  'prompt = "You are a poet.\\n"\nprompt += "Write two lines.\\n"\nprompt += f"Topic: {topic}"',
  'topic = "rain"'
];
const POEM = 'You are a poet.\nWrite two lines.\nTopic: {topic}';

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

describe('a place in a cell', () => {
  it.each(['poet', 'two lines', 'Topic', 'prompt +='])(
    'in a step means the text that they make: %s',
    async on => {
      expect(await clicked(STEPS, on)).toMatchObject({
        kind: 'composed',
        value: POEM
      });
    }
  );

  it.each(['Answer for', 'Question', 'Answer:', '+ rules'])(
    'in a concatenation means all of it: %s',
    async on => {
      expect(await clicked([CONCATENATION], on)).toMatchObject({
        kind: 'composed',
        variable: 'prompt'
      });
    }
  );

  it('in a field’s value means that', async () => {
    expect(await clicked([CONCATENATION], 'Be brief')).toMatchObject({
      kind: 'string',
      variable: 'rules'
    });
  });

  it('in a text that is part of another means the other', async () => {
    const cells = ['head = "Name: " + name\np = head + "\\nQ: " + q'];
    expect(await clicked(cells, 'Name')).toMatchObject({ variable: 'p' });
  });

  it('in a text of several asks which', async () => {
    const base = 'base = """You are kind.\nYes.\n"""\n';
    const cells = [`${base}p1 = base + "Do x."\np2 = base + "Do y."`];
    expect(await clicked(cells, 'kind')).toBeNull();
    expect(await clicked(cells, 'Do x')).toMatchObject({ variable: 'p1' });
  });

  it('in a branch means the longest text with it', async () => {
    const cells = ['p = "A."\nif ask():\n    p += "B."\np += "C."'];
    expect(await clicked(cells, '"C')).toMatchObject({ value: 'A.B.C.' });
  });
});

describe('composed texts among others', () => {
  const PRINTED =
    'rules = "Be brief and kind to all of the people that you meet today, and never ever say anything that is not true."\nprompt = "Hello, you. " + rules + name\nprint("The prompt is: " + prompt)';

  /** How the texts of a cell are listed: their kinds, and where they begin. */
  async function listed(source: string) {
    const found = await pythonFinder().find(codeCells([source]), 0);
    const texts = { type: 'code', source, found, outputs: [] };
    return arrange(candidatesOf(texts)).listed.map(({ kind, value }) => [
      kind,
      value.slice(0, 8)
    ]);
  }

  it('come before their literals; those that are printed come last', async () => {
    const all = await listed(PRINTED);
    expect(all[0]).toEqual(['composed', 'Hello, y']);
    expect(all).toContainEqual(['string', 'Be brief']);
    expect(all[all.length - 1]).toEqual(['composed', 'The prom']);
  });

  it('come before templates that they are made of', async () => {
    const source =
      'long = "A {x} that is far longer than all that it becomes part of.".format(x="y")\nprompt = "So: " + long[:4] + " and " + name';
    const all = await listed(source);
    expect(all.slice(0, 2).map(([kind]) => kind)).toEqual([
      'composed',
      'template'
    ]);
  });

  it('that are printed don’t stand for what they show', async () => {
    const [on, printed] = ['"Be brief', '"The prompt'];
    expect(await clicked([PRINTED], on)).toMatchObject({ variable: 'prompt' });
    const meantThere = await clicked([PRINTED], printed);
    expect(meantThere?.value).toMatch(/^The prompt is: Hello/);
  });

  it('in a conversation aren’t meant without being asked', async () => {
    const source = 'chat([{"role": "user", "content": "Name a " + what}])\n#';
    expect(await clicked([source], '#')).toBeNull();
  });

  it('have fields of other names where templates in each other share one', async () => {
    const source =
      'import textwrap\nif ask(): m = 1\nelse: m = 2\np = textwrap.dedent("{} {k}".format("{} {k}".format("c", k=0), k=m)).strip()';
    const [{ fields }] = (await composed([source])).slice(-1);
    const names = fields.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('k (2)');
  });

  it('have markers as fields where these aren’t known', async () => {
    const source = 'p = "On {{x}}. ".replace("{{x}}", topic()) + "Now."';
    const [{ value, fields }] = await composed([source]);
    expect([value, fields.map(({ name }) => name)]).toEqual([
      'On {{x}}. Now.',
      ['x']
    ]);
  });
});

describe('a composed text after edits', () => {
  it('is found again, with steps that were added', async () => {
    const found = await pythonFinder().find(codeCells(STEPS), 0);
    const origin = stringOrigin(found, 0);
    const more = `${STEPS[0]}\nprompt += "\\nNow:"`;
    const after = await pythonFinder().find(codeCells([more, STEPS[1]]), 0);
    const moved = moveOrigin(origin, [
      { retain: STEPS[0].length },
      { insert: more.slice(STEPS[0].length) }
    ]);
    const again = findAgain(moved as typeof moved & { what: 'string' }, after);
    expect(after[again!].value).toBe(`${POEM}\nNow:`);
  });

  it('is found among those that lie in it, and they are', async () => {
    for (const source of [
      CONCATENATION,
      'p = "A."\nif ask():\n    p += "B."\np += "C."',
      'base = """You are kind.\nYes.\n"""\np1 = base + "x"\np2 = base + "y"'
    ]) {
      const found = await pythonFinder().find(codeCells([source]), 0);
      for (let index = 0; index < found.length; index++) {
        const origin = stringOrigin(found, index);
        expect(origin.what === 'string' && findAgain(origin, found)).toBe(
          index
        );
      }
    }
  });
});

describe('a conversation of composed texts', () => {
  it('holds them, with their fields', async () => {
    const cells = [
      'rules = "Be brief."\nctx = """Some\nlong context."""\nprompt = "Context: " + ctx + "\\nQuestion: " + q\nmessages = [{"role": "system", "content": rules}, {"role": "user", "content": prompt}, {"role": "assistant", "content": "It is " + a}]',
      'q = "Why?"'
    ];
    const notebook = codeCells(cells);
    const finder = pythonFinder();
    const [found] = await finder.find(notebook, 0);
    expect(found).toMatchObject({
      kind: 'conversation',
      value:
        'System\n{rules}\n\nUser\nContext: Some\nlong context.\nQuestion: {q}\n\nModel\nIt is {a}'
    });
    expect(await finder.suggest(notebook, 0, found)).toMatchObject({
      rules: { value: 'Be brief.' },
      q: { value: 'Why?' },
      a: { value: null }
    });
    const at = found.value.indexOf('long context');
    const [[from, to]] = sourceSpans(found.map, [at, at + 12]);
    expect(cells[0].slice(from, to)).toBe('long context');
  });
});
