/** Code that would take long, or for ever: it is left, and no more is known. */
import { pythonLanguage } from '@codemirror/lang-python';

import { atOnce } from '../strings/pieces';
import { Budget } from './budget';
import { runNotebook } from './run';
import { stringOf } from './value';

const { parser } = pythonLanguage;

/** What the field of the last cell, `f"{y}"`, is; and what all cost. */
function cost(...sources: string[]) {
  const cells = [...sources, 'p = f"{y}"'].map(source => ({
    source,
    tree: parser.parse(source),
    count: null
  }));
  const steps = jest.spyOn(Budget.prototype, 'step');
  const spent = jest.spyOn(Budget.prototype, 'spend');
  const run = atOnce(runNotebook(cells, () => null));
  const seen = run.seen.get(`${cells.length - 1}:6`)!;
  const work = spent.mock.calls.reduce((sum, [units]) => sum + units, 0);
  const result = {
    y: seen.options.map(({ value }) => stringOf(value)),
    why: seen.why?.cause ?? null,
    steps: steps.mock.calls.length,
    work
  };
  steps.mockRestore();
  spent.mockRestore();
  return result;
}

const repeated = (line: string, count: number) => line.repeat(count);

describe('bounds of what is followed', () => {
  it('a chain of additions costs as much as it has links', () => {
    const chain = (links: number) =>
      cost(`y = ${Array(links).fill('"a"').join(' + ')}`);
    const [short, long] = [chain(200), chain(400)];
    expect(long.y).toEqual(['a'.repeat(400)]);
    expect(long.steps).toBeLessThan(2.1 * short.steps);
    expect(long.work).toBeLessThan(2.1 * short.work);
  });

  it.each([
    ['tuples that double', `y = (1,)\n${repeated('y = y + y\n', 60)}`],
    ['lists that double', `y = [1]\n${repeated('y = y + y\n', 60)}`],
    ['texts that double', `y = "ab"\n${repeated('y = y + y\n', 60)}`],
    ['products', 'y = "ab" * 10 ** 9'],
    ['a join', 'y = ",".join(["a" * 1000] * 9000)'],
    [
      'a join of pieces',
      `x = ${Array(900).fill('"a"').join(' + ')}\ny = x.join([x] * 9000)`
    ],
    ['a width', 'y = "%900000s" % "a" * 2'],
    [
      'lists that hold a list twice',
      `y = [1]\n${repeated('y = [y, y]\n', 7)}${repeated('y = [y] * 9000\n', 2)}`
    ]
  ])('%s are no longer known', (_, source) => {
    const { y, why, steps, work } = cost(source);
    expect(y).toEqual([]);
    expect(why).not.toBeNull();
    expect(steps).toBeLessThan(20_000);
    expect(work).toBeLessThan(5_000_000);
  });

  it.each([
    ['tuples that share parts, passed on', 60, 'y = (y, y)\n', 'f(y)\n'],
    ['tuples as deep as the code is long', 1_500, 'y = (y,)\n', 'f(y)\n']
  ])('%s are gone through once', (_, count, line, pass) => {
    const { work } = cost(`y = (1,)\n${repeated(line, count)}${pass}`);
    expect(work).toBeLessThan(100_000);
  });

  it('tuples as deep as many cells are long are gone through, too', () => {
    const cell = repeated('y = (y,)\n', 1_000);
    const cells = Array<string>(30).fill(cell);
    expect(cost('y = (1,)', ...cells, 'f(y)\ny = "new"').y).toEqual(['new']);
  });

  it.each([
    ['lines', repeated('x = f(1)\n', 10_000)],
    ['f-strings', `x = 1\n${repeated('x = f"{x}{x}"\n', 10_000)}`],
    ['texts of many pieces', `x = ""\n${repeated('x += "ab"\n', 10_000)}`],
    ['calls', `def f(a):\n    return a + "x"\n${repeated('f("a")\n', 9_000)}`],
    [
      'calls of a function of which little runs',
      `def f(a):\n    return a\n${repeated('    x = 1\n', 3_000)}${repeated('f("a")\n', 1_000)}`
    ],
    [
      'names in branches',
      `try:\n${Array.from({ length: 900 }, (_, i) => `    x${i} = 1\n`).join('')}${repeated('except A: pass\n', 900)}`
    ],
    [
      'one of many values',
      `for x in [${Array.from({ length: 20 }, (_, i) => `"${i}"`)}]:\n${repeated('    z = f"{x}{x}{x}{x}{x}"\n', 900)}`
    ],
    [
      'lists that are printed',
      `x = ["a"] * 9000\n${repeated('z = f"{x}"\n', 900)}`
    ],
    [
      'pieces of one of several texts',
      `if a(): x = "a"\nelse: x = "b"\n${repeated(`z = x${' + "c"'.repeat(100)}\n`, 900)}`
    ],
    [
      'steps of long texts',
      `x = ${Array(900).fill('"a\\n"').join(' + ')}\n${repeated('z = x.strip()\n', 900)}`
    ],
    ['escapes', `x = "${repeated('\\n', 30_000)}"`],
    ['depth', `x = ${repeated('[', 3_000)}${repeated(']', 3_000)}`],
    ['depth of calls', `x = ${repeated('g(', 3_000)}1${repeated(')', 3_000)}`],
    ['signs', `x = ${repeated('-', 3_000)}1`]
  ])('too many %s: nothing is known any more', (_, source) => {
    const { y, why, steps, work } = cost('y = "before"', source);
    expect({ y, why }).toEqual({ y: [], why: 'limit' });
    // A cell's own, and that of functions which may have been called.
    expect(steps).toBeLessThan(2 * 20_000);
    expect(work).toBeLessThan(2 * 4_000_000);
    expect(cost(source, 'y = "behind"').y).toEqual(['behind']);
  });

  it('what many cells have in common isn’t gone through in each', () => {
    const cells = (count: number) =>
      cost(
        ...Array.from({ length: count }, (_, i) => `x${i} = ${i}`),
        'y = "a"'
      );
    const [few, many] = [cells(200), cells(400)];
    expect(many.y).toEqual(['a']);
    expect(many.work).toBeLessThan(2.1 * few.work);
  });

  it('a cell that has had its time is left, and the next ones are not', () => {
    const slow = `y = "${'a'}"\n${repeated('z = 1\n', 200)}y = "b"\n`;
    const sources = [
      'y = "before"',
      slow,
      'p = f"{y}"',
      'y = "c"',
      'p = f"{y}"'
    ];
    const cells = sources.map(source => ({
      source,
      tree: parser.parse(source),
      count: null
    }));
    const said = (now: (() => number) | null) => {
      const { seen } = atOnce(runNotebook(cells, () => null, now));
      return ['2:6', '4:6'].map(key =>
        seen.get(key)!.options.map(({ value }) => stringOf(value))
      );
    };
    expect(said(null)).toEqual([['b'], ['c']]);
    let time = 0;
    // Each look at the clock is 20 ms later.
    expect(said(() => (time += 20))).toEqual([[], ['c']]);
  });

  it('fields of a function that is too much are those of its cell', () => {
    const body = repeated('    z = "a" + x\n', 20_000);
    const source = `def f(x="q"):\n    y = f"{x}"\n${body}`;
    const cells = ['def g(x="r"):\n    return f"{x}"', source, 'z = 1'].map(
      text => ({ source: text, tree: parser.parse(text), count: null })
    );
    const { seen } = atOnce(runNotebook(cells, () => null));
    const at = (cell: number, text: string) =>
      seen.get(`${cell}:${text.indexOf('{x}')}`)!;
    expect(at(0, cells[0].source).options).toHaveLength(1);
    expect(at(1, source).why?.cause).toBe('limit');
  });
});
