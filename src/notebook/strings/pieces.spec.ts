import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { outputText } from '../outputs';
import { makeFinder } from '../fakes';
import { parseWithMagics } from './magics';
import { whole } from './finder';
import { parsing } from './parsing';
import { atOnce, inPieces } from './pieces';
import { runNotebook } from '../values/run';
import { suggest } from '../values/suggest';
import type { IFoundField } from './types';

const { parser } = pythonLanguage;

/** A clock by which each look takes `step` ms. */
class FakeClock {
  constructor(private readonly _step: number) {}
  pauses = 0;
  now(): number {
    this._time += this._step;
    return this._time;
  }
  async pause(): Promise<void> {
    this.pauses++;
  }
  private _time = 0;
}

describe('long work in pieces', () => {
  it('lets the page go on in between', async () => {
    const clock = new FakeClock(40);
    const work = parsing(parser, ':'.repeat(500));
    const tree = await inPieces(work, { left: 1e9 }, clock);
    expect(tree?.length).toBe(500);
    expect(clock.pauses).toBeGreaterThan(10);
  });

  it('is not left where it is short', async () => {
    const clock = new FakeClock(0.1);
    const tree = await inPieces(
      parsing(parser, 'x = 1\n'.repeat(100)),
      { left: 1e9 },
      clock
    );
    expect(tree).not.toBeNull();
    expect(clock.pauses).toBe(0);
  });

  it('lets the page go on where several short pieces follow each other', async () => {
    const clock = new FakeClock(4);
    const patience = { left: 1e9 };
    for (let piece = 0; piece < 12; piece++) {
      const work = parsing(parser, 'x = 1\n');
      await inPieces(work, patience, clock, 1);
    }
    expect(clock.pauses).toBeGreaterThan(2);
  });

  it('is given up when it takes too long, and patience is shared', async () => {
    const patience = { left: 100 };
    const clock = new FakeClock(40);
    const senseless = () => parsing(parser, ':'.repeat(500));
    expect(await inPieces(senseless(), patience, clock)).toBeNull();
    expect(patience.left).toBeLessThanOrEqual(0);
  });

  it('is left when nobody wants it any more', async () => {
    let looks = 0;
    const patience = { left: 1e9, isWanted: () => ++looks < 3 };
    const clock = new FakeClock(40);
    const work = parsing(parser, ':'.repeat(500));
    expect(await inPieces(work, patience, clock)).toBeNull();
    expect(clock.pauses).toBe(3);
  });

  it('reads a cell again whose reading nobody wanted any more', async () => {
    const notebook = {
      cells: [{ type: 'code', source: '"there"' }],
      language: 'python'
    };
    const finder = makeFinder();
    const [left] = await finder.find(notebook, 0, () => false);
    expect(left.kind).toBe('raw');
    const [found] = await finder.find(notebook, 0);
    expect(found.value).toBe('there');
  });

  it('reads the expressions of fields in pieces, too', () => {
    const work = suggest(
      {
        ...whole('template', '{x}', 0, 3),
        fields: [
          {
            name: 'x',
            expression: 'x',
            value: [0, 3],
            format: '',
            wanted: ':'.repeat(300)
          } as IFoundField
        ]
      },
      atOnce(runNotebook([], () => null)),
      [''],
      0,
      parser,
      nullTranslator.load('lit_lab')
    );
    let steps = 0;
    while (!work.next().done) {
      steps++;
    }
    expect(steps).toBeGreaterThan(100);
  });

  it('reads a cell later for which others left too little time', async () => {
    let time = 0;
    const now = jest.spyOn(performance, 'now').mockImplementation(() => {
      time += 100; // about 50 looks, at 32 steps each, and all is given up
      return time;
    });
    try {
      const steps = [...parsing(parser, 'y = 1\n')].length;
      const long = 'y = 1\n'.repeat(Math.ceil(1_000 / steps));
      const cell = (source: string) => ({ type: 'code', source });
      const notebook = {
        cells: [long, `${long}x = "there"\n`, 'f"{x}"'].map(cell),
        language: 'python'
      };
      const finder = makeFinder();
      const [text] = await finder.find(notebook, 2);
      expect(await finder.suggest(notebook, 2, text)).toEqual({});
      expect(await finder.suggest(notebook, 2, text)).toMatchObject({
        x: { value: 'there' }
      });
    } finally {
      now.mockRestore();
    }
  });

  it('leaves a cell whose code takes too long as one text', async () => {
    let time = 0;
    const now = jest.spyOn(performance, 'now').mockImplementation(() => {
      time += 1_000;
      return time;
    });
    try {
      const source = `x = "a"\n${'::: '.repeat(200)}`;
      const finder = makeFinder();
      const cells = [{ type: 'code', source }];
      const [found] = await finder.find({ cells, language: 'python' }, 0);
      expect(found.value).toBe(source);
      expect(found.problem).toContain('takes too long');
    } finally {
      now.mockRestore();
    }
  });

  it.each([
    ['escapes', '"', '\\n'],
    ['fields', 'f"', '{x}'],
    ['neighbours', '(', '"\\n" ']
  ])('a literal of too many %s is what is written', async (_, open, part) => {
    const close = open === '(' ? '"")' : '"';
    const finder = makeFinder();
    const find = async (count: number) => {
      const source = `x = ${open}${part.repeat(count)}${close}\ny = "there"`;
      const cells = [{ type: 'code', source }];
      return finder.find({ cells, language: 'python' }, 0);
    };
    const [few, other] = await find(1_000);
    expect(few.problem).toBeUndefined();
    expect(other.value).toBe('there');
    const [many, last] = await find(30_000);
    expect(many.kind).toBe('raw');
    expect(many.value).toContain(part.repeat(1_000));
    expect(many.problem).toContain('too long to be read');
    expect(last.value).toBe('there');
  });

  it.each([
    ['format', '"{a} ".format(a=1)', '{a} '],
    ['percent', '"%d " % 1', '%d ']
  ])(
    'a template of too many fields for %s is its text',
    async (_, code, part) => {
      const find = async (count: number) => {
        const source = `x = ${code.replace(part, part.repeat(count))}`;
        const cells = [{ type: 'code', source }];
        return (await makeFinder().find({ cells, language: 'python' }, 0))[0];
      };
      expect((await find(100)).fields).toHaveLength(100);
      const many = await find(20_000);
      expect(many.kind).toBe('string');
      expect(many.fields).toEqual([]);
      expect(many.problem).toContain('changes the text at run time');
    }
  );

  it('what is made of texts that take too long is left out, they are not', async () => {
    const text = `"""${'a\n'.repeat(9_000)}"""`;
    const source = `x = ${'dedent('.repeat(20)}${text}${')'.repeat(20)}`;
    const cells = [{ type: 'code', source }];
    const [found] = await makeFinder().find({ cells, language: 'python' }, 0);
    expect(found.value).toBe('a\n'.repeat(9_000));
    expect(found.problem).toContain('changes the text at run time');
  });

  it('reads magics as when all is read anew for each', () => {
    const source = [
      '!echo (',
      'x = """',
      '%time',
      '"""',
      'y = !ls "',
      '%run (\\',
      'still "shell',
      'z = [',
      '!not magic',
      ']',
      'w = "a"'
    ].join('\n');
    const tree = parseWithMagics(source, parser).toString();
    const blanked = [
      '       ',
      'x = """',
      '%time',
      '"""',
      'y = 0    ',
      '       ',
      '            ',
      'z = [',
      '!not magic',
      ']',
      'w = "a"'
    ].join('\n');
    expect(tree).toBe(parser.parse(blanked).toString());
  });

  it.each([
    // Where a bracket is closed by what looks like a magic, and where none is.
    ['f("%s"\n  % a\n  % b)\n!c', 'f("%s"\n  % a\n  % b)\n  '],
    ['f(\n!a (b)\n!c)\nd()', 'f(\n!a (b)\n!c)\nd()'],
    ['f(\n!a\n!b "c"\nd()', 'f(\n  \n      \nd()'],
    // Where what looks like a magic ends a string, or is taken along by one.
    ['"""\n%a """\n!b\n"""\n!c\n"""', '"""\n%a """\n  \n"""\n!c\n"""'],
    ['"""\n%a \\\n!b\n"""\n!c \\\nd "', '"""\n%a \\\n!b\n"""\n    \n   ']
  ])('tells magics from text: %j', (source, blanked) => {
    expect(parseWithMagics(source, parser).toString()).toBe(
      parser.parse(blanked).toString()
    );
  });

  it('reads long rows of magics few times', () => {
    const parse = jest.spyOn(parser, 'startParse');
    try {
      for (const [piece, most] of [
        ['!pip install "a" (b)\n', 1],
        ['x = !ls "\n', 1],
        ['"""\n% a "b" (c)\n"""\n', 60],
        ['"""\n% a \'b\' (c)\n"""\n', 2],
        ['("%s"\n% a)\n', 3], // in two parts first
        ['(\n!a ")"\n', 60]
      ] as const) {
        parse.mockClear();
        parseWithMagics(piece.repeat(1_000), parser);
        const times = parse.mock.calls.length;
        expect([piece, times <= most ? most : times]).toEqual([piece, most]);
      }
    } finally {
      parse.mockRestore();
    }
  });

  it('reads an output as a string only where it is quoted as one', () => {
    const trans = nullTranslator.load('lit_lab');
    const parse = jest.spyOn(parser, 'startParse');
    const read = (text: string) =>
      outputText(
        {
          output_type: 'execute_result',
          execution_count: 1,
          metadata: {},
          data: { 'text/plain': text }
        },
        parser,
        trans
      );
    try {
      expect(read("'it\\'s'")).toBe("it's");
      expect(read("''")).toBe('');
      const parses = parse.mock.calls.length;
      expect(read(`'a' ${':'.repeat(100)}`)).toBe(`'a' ${':'.repeat(100)}`);
      expect(parse.mock.calls).toHaveLength(parses);
    } finally {
      parse.mockRestore();
    }
  });
});
