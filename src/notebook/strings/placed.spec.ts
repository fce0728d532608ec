/** Composed texts among others: which one a place in a cell means, and what edits leave of it. */
import { sourceSpans } from '../../session/mapped';
import { arrange } from '../arrange';
import { candidatesOf, meant } from '../candidates';
import { findAgain, moveOrigin, stringOrigin } from '../origin';
import { codeCells, pythonFinder } from '../values/fakes';
import { composed, CONCATENATION, POEM, STEPS } from './fixtures';

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
